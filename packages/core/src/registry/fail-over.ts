import type { Clock } from '../clock.ts';
import { isWherryError, WherryError } from '../errors.ts';
import type { RegistryEndpoint } from './endpoints.ts';

/** How long a mirror that was out of reach is passed over. */
const REST_MS = 60_000;

/** Remembers which mirrors were out of reach, so that not every blob waits for them again. */
export class MirrorHealth {
  readonly #clock: Clock;
  readonly #restUntil = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `endpoints` without the mirrors that rest; the origin is always there. */
  usable(endpoints: readonly RegistryEndpoint[]): RegistryEndpoint[] {
    const now = this.#clock.now().getTime();
    return endpoints.filter(
      ({ role, url }) => role === 'origin' || (this.#restUntil.get(url.host) ?? 0) <= now,
    );
  }

  noteFailure({ role, url }: RegistryEndpoint, error: unknown): void {
    if (role === 'mirror' && isWherryError(error) && error.kind === 'unavailable')
      this.#restUntil.set(url.host, this.#clock.now().getTime() + REST_MS);
  }
}

/**
 * Asks endpoint after endpoint until one answers. What a mirror throws leads to the next; the last one's
 * error is thrown, with what the others said in `details.mirrors`.
 */
export async function firstOf<T>(
  endpoints: readonly RegistryEndpoint[],
  health: MirrorHealth,
  ask: (endpoint: RegistryEndpoint) => Promise<T>,
): Promise<T> {
  const passed: MirrorFailure[] = [];
  const usable = health.usable(endpoints);
  for (const [index, endpoint] of usable.entries()) {
    try {
      return await ask(endpoint);
    } catch (error) {
      if (!isWherryError(error) || error.code === 'CANCELLED') throw error;
      health.noteFailure(endpoint, error);
      if (index === usable.length - 1) throw withMirrors(error, passed);
      passed.push({ endpoint: endpoint.url.host, error: error.message });
    }
  }
  throw new Error('a reference has no endpoint');
}

/** What a mirror said before the next endpoint was asked. */
export interface MirrorFailure {
  readonly endpoint: string;
  readonly error: string;
}

/** `error` with what the mirrors before it said. */
export function withMirrors(error: WherryError, mirrors: readonly MirrorFailure[]): WherryError {
  if (mirrors.length === 0) return error;
  return new WherryError(error.code, error.message, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    details: { ...error.details, mirrors },
    cause: error,
  });
}
