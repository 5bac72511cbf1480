import type { Clock } from '../clock.ts';
import { isWherryError, throwIfCancelled } from '../errors.ts';
import type { HttpResponse } from './transport.ts';

const MAX_ATTEMPTS = 5;
/** A mirror is a short cut: what it does not give at the second asking the next endpoint has. */
const MAX_MIRROR_ATTEMPTS = 2;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;
/** A registry that asks for more patience than this has refused. */
const MAX_RETRY_AFTER_MS = 60_000;

export interface RetryOptions {
  readonly clock: Clock;
  /** 0 to 1, as `Math.random`. */
  readonly random: () => number;
  readonly maxAttempts?: number;
  /** Absent: true. */
  readonly waitsForLimits?: boolean;
}

/** Decides whether and when a request is sent again. */
export class RetryPolicy {
  readonly maxAttempts: number;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #waitsForLimits: boolean;

  constructor(options: RetryOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#waitsForLimits = options.waitsForLimits ?? true;
    this.maxAttempts = options.maxAttempts ?? MAX_ATTEMPTS;
  }

  /** The same with fewer attempts, and none against a rate limit: there is another endpoint. */
  forMirror(): RetryPolicy {
    return new RetryPolicy({
      clock: this.#clock,
      random: this.#random,
      maxAttempts: Math.min(this.maxAttempts, MAX_MIRROR_ATTEMPTS),
      waitsForLimits: false,
    });
  }

  /** Milliseconds to wait after `attempt` (from 1) brought `response`; absent: the answer stands. */
  afterResponse(response: Pick<HttpResponse, 'status' | 'headers'>, attempt: number): number | undefined {
    if (attempt >= this.maxAttempts || !isPassing(response)) return undefined;
    if (response.status === 429 && !this.#waitsForLimits) return undefined;
    const asked = retryAfterMs(response.headers.get('retry-after'), this.#clock.now());
    if (asked === undefined) return this.backOff(attempt);
    return asked > MAX_RETRY_AFTER_MS ? undefined : asked + this.#random() * FIRST_DELAY_MS;
  }

  /** The same after an error was thrown. */
  afterError(error: unknown, attempt: number): number | undefined {
    return attempt >= this.maxAttempts || !isPassingError(error) ? undefined : this.backOff(attempt);
  }

  /** Exponential, with full jitter in its upper half, so that clients do not come back together. */
  backOff(attempt: number): number {
    const full = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
    return full / 2 + (this.#random() * full) / 2;
  }

  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    throwIfCancelled(signal);
    try {
      await this.#clock.sleep(ms, signal);
    } catch (error) {
      throwIfCancelled(signal);
      throw error;
    }
  }
}

/** Tells whether the connection broke or timed out: the same request may succeed at once. */
export function isPassingError(error: unknown): boolean {
  if (isWherryError(error, 'TRUNCATED')) return true;
  return isWherryError(error, 'UNREACHABLE') && ['timeout', 'broken'].includes(String(error.details.reason));
}

/** Milliseconds that a `Retry-After` of seconds or of a date asks for, from `now` on. RFC 9110, 10.2.3. */
export function retryAfterMs(header: string | undefined, now: Date): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // A date has letters: without them Date.parse would take all kinds of numbers for years.
  const date = /[A-Za-z]/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}

function isPassing({ status, headers }: Pick<HttpResponse, 'status' | 'headers'>): boolean {
  // A used-up quota comes back after hours; asking again only feeds the abuse limit.
  if (status === 429) return !(headers.get('ratelimit-remaining') ?? '').startsWith('0');
  return status === 408 || status === 500 || status === 502 || status === 503 || status === 504;
}
