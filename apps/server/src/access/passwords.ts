import { createHmac, randomBytes } from 'node:crypto';
import { WherryError } from '@wherry/core';
import bcrypt from 'bcryptjs';
import { type Accounts, costOf } from './htpasswd.ts';
import type { Throttle } from './throttle.ts';
import type { Clock } from './time.ts';

/** What `users add` makes; about a tenth of a second of one core. */
const COST = 10;
/** bcrypt looks at no more. */
const MAX_PASSWORD_BYTES = 72;
/** A client of Basic authentication sends its password with each request: only the first costs a hash. */
const REMEMBERED_MS = 60_000;
const MAX_REMEMBERED = 1000;
/** Hashing is work of this thread: more at once only make each other wait. */
const MAX_AT_ONCE = 2;
const MAX_WAITING = 64;

interface Remembered {
  readonly hash: string;
  readonly until: number;
}

/** Checks names with passwords, at the same cost whether there is such an account or not. */
export class PasswordChecker {
  readonly #throttle: Throttle;
  readonly #clock: Clock;
  /** What is remembered of a password is of no use outside of this process. */
  readonly #key = randomBytes(32);
  readonly #remembered = new Map<string, Remembered>();
  readonly #running = new Map<string, Promise<boolean>>();
  readonly #waiting: (() => void)[] = [];
  #atWork = 0;

  constructor(throttle: Throttle, clock: Clock) {
    this.#throttle = throttle;
    this.#clock = clock;
  }

  /**
   * Tells whether the password is the account's. Throws `RATE_LIMITED`, with `retryAfterMs` in its details,
   * when the address has failed too often, or when too many wait already.
   */
  async check(accounts: Accounts, name: string, password: string, address: string): Promise<boolean> {
    const hash = accounts.get(name);
    const key = createHmac('sha256', this.#key).update(`${name}\0${password}`).digest('base64');
    const held = this.#remembered.get(key);
    if (held !== undefined && held.hash === hash && this.#clock() < held.until) return true;
    const work = `${key} ${address} ${hash}`;
    // Requests of one client come several at once; one answer is for all of them.
    const running = this.#running.get(work) ?? this.#start(work, { accounts, hash, password, address });
    const isRight = await running;
    if (isRight && hash !== undefined) this.#remember(key, hash);
    return isRight;
  }

  #start(work: string, { accounts, hash, password, address }: CheckRequest): Promise<boolean> {
    const delay = this.#throttle.delayOf(address);
    if (delay > 0) throw tooMany(delay);
    if (this.#waiting.length >= MAX_WAITING) throw tooMany(1000);
    // Counted before it is known: many guesses at once are as many guesses.
    this.#throttle.fail(address);
    const running = this.#inTurn(async () => {
      const isRight = await bcrypt.compare(password, hash ?? standIn(accounts));
      return isRight && hash !== undefined;
    })
      .then((isRight) => {
        if (isRight) this.#throttle.succeed(address);
        return isRight;
      })
      .finally(() => this.#running.delete(work));
    this.#running.set(work, running);
    return running;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#atWork >= MAX_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#atWork++;
    try {
      return await work();
    } finally {
      this.#atWork--;
      this.#waiting.shift()?.();
    }
  }

  #remember(key: string, hash: string): void {
    this.#remembered.delete(key);
    this.#remembered.set(key, { hash, until: this.#clock() + REMEMBERED_MS });
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > MAX_REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest);
  }
}

interface CheckRequest {
  readonly accounts: Accounts;
  readonly hash: string | undefined;
  readonly password: string;
  readonly address: string;
}

/** Hashes a password for the file of accounts. Throws `INVALID_ARGUMENT` for one that bcrypt would cut off. */
export async function hashPassword(password: string): Promise<string> {
  if (password === '') throw new WherryError('INVALID_ARGUMENT', 'password is empty');
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES)
    throw new WherryError(
      'INVALID_ARGUMENT',
      `password has more than ${MAX_PASSWORD_BYTES} bytes, and bcrypt looks at no more`,
    );
  return bcrypt.hash(password, COST);
}

/** A hash that no password fits, as costly as those of the accounts. */
function standIn(accounts: Accounts): string {
  const costs = [...accounts.values()].map((hash) => costOf(hash) ?? COST);
  const cost = String(costs.length > 0 ? Math.max(...costs) : COST).padStart(2, '0');
  return `$2b$${cost}$${'.'.repeat(53)}`;
}

function tooMany(retryAfterMs: number): WherryError {
  return new WherryError('RATE_LIMITED', 'too many failed logins: try again later', {
    details: { retryAfterMs },
  });
}
