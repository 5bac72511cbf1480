import type { RateLimit } from './registry-client.ts';

/** What registries last said about their quotas. Docker Hub "Pulls". */
export class RateLimits {
  readonly #byDomain = new Map<string, RateLimit>();

  note(domain: string, headers: ReadonlyMap<string, string>): void {
    const limit = rateLimitOf(domain, headers);
    if (limit !== undefined) this.#byDomain.set(domain, limit);
  }

  get(domain: string): RateLimit | undefined {
    return this.#byDomain.get(domain);
  }
}

/** Reads `ratelimit-limit: 100;w=21600`, `ratelimit-remaining`, `docker-ratelimit-source`. */
export function rateLimitOf(domain: string, headers: ReadonlyMap<string, string>): RateLimit | undefined {
  const limit = countAndWindow(headers.get('ratelimit-limit'));
  const remaining = countAndWindow(headers.get('ratelimit-remaining'));
  if (limit === undefined && remaining === undefined) return undefined;
  const windowSeconds = limit?.windowSeconds ?? remaining?.windowSeconds;
  const source = headers.get('docker-ratelimit-source');
  return {
    registry: domain,
    ...(limit === undefined ? {} : { limit: limit.count }),
    ...(remaining === undefined ? {} : { remaining: remaining.count }),
    ...(windowSeconds === undefined ? {} : { windowSeconds }),
    ...(source === undefined ? {} : { source }),
  };
}

/** `of 100 pulls in 6 hours for 192.0.2.1`: whose quota it is and how large, for people. */
export function quotaText({ limit, windowSeconds, source }: RateLimit): string {
  const size = limit === undefined ? '' : ` of ${limit} pulls`;
  const window = windowSeconds === undefined ? '' : ` in ${durationText(windowSeconds)}`;
  return `quota${size}${window}${source === undefined ? '' : ` for ${source}`}`;
}

/** A time span in its largest whole unit. */
export function durationText(seconds: number): string {
  for (const [size, unit] of [
    [3600, 'hour'],
    [60, 'minute'],
  ] as const) {
    if (seconds >= size) return plural(Math.round(seconds / size), unit);
  }
  return plural(Math.ceil(seconds), 'second');
}

function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

function countAndWindow(header: string | undefined): { count: number; windowSeconds?: number } | undefined {
  const [, count, window] = /^\s*(\d{1,12})(?:\s*;\s*w=(\d{1,9}))?/.exec(header ?? '') ?? [];
  if (count === undefined) return undefined;
  return { count: Number(count), ...(window === undefined ? {} : { windowSeconds: Number(window) }) };
}
