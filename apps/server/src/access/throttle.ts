import { isIPv6 } from 'node:net';
import type { Clock } from './time.ts';

/** Failures that cost nothing: a typing error is not an attack. */
const FREE_FAILURES = 5;
const FIRST_DELAY_MS = 1000;
const MAX_DELAY_MS = 60_000;
/** After so long without a failure all is forgotten. */
const MEMORY_MS = 15 * 60_000;
const MAX_ADDRESSES = 10_000;

interface Failures {
  readonly count: number;
  readonly last: number;
}

/**
 * Slows down whoever guesses passwords: after a few failures an address has to wait, twice as long each time.
 * What it remembers is bounded; the address that has been quiet the longest is forgotten first.
 */
export class Throttle {
  readonly #clock: Clock;
  /** In the order of their last failure. */
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long the address has to wait before it may try again, in ms; 0: it may. */
  delayOf(address: string): number {
    const held = this.#held(keyOf(address));
    if (held === undefined || held.count < FREE_FAILURES) return 0;
    const delay = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (held.count - FREE_FAILURES));
    return Math.max(0, held.last + delay - this.#clock());
  }

  fail(address: string): void {
    const key = keyOf(address);
    const count = (this.#held(key)?.count ?? 0) + 1;
    this.#failures.delete(key);
    this.#failures.set(key, { count, last: this.#clock() });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MAX_ADDRESSES && oldest !== undefined) this.#failures.delete(oldest);
  }

  succeed(address: string): void {
    this.#failures.delete(keyOf(address));
  }

  #held(key: string): Failures | undefined {
    const held = this.#failures.get(key);
    if (held === undefined || this.#clock() - held.last < MEMORY_MS) return held;
    this.#failures.delete(key);
    return undefined;
  }
}

/** Whoever has one address of IPv6 has 2^64 of them: the first half is what tells people apart. */
function keyOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').toLowerCase().split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : new Array(8 - front.length - back.length).fill('0');
  return [...front, ...zeros, ...back]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
