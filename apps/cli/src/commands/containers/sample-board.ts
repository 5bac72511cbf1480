import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ContainerSample,
  type ContainerVerbs,
  isWherryError,
  type StatsRequest,
  WherryError,
} from '@wherry/core';
import type { StatsRow } from '../../output/rows/stats-row.ts';

const IDLE_MS = 1000;

/** Samples of several containers that are shown together. Disposed, it asks for no more of them. */
export class SampleBoard implements AsyncDisposable {
  readonly #containers: Pick<ContainerVerbs, 'stats'>;
  readonly #mode: StatsRequest['mode'];
  readonly #signal: AbortSignal;
  readonly #sources = new Map<string, AsyncIterator<ContainerSample>>();
  readonly #gone = new Set<string>();

  constructor(containers: Pick<ContainerVerbs, 'stats'>, mode: StatsRequest['mode'], signal: AbortSignal) {
    this.#containers = containers;
    this.#mode = mode;
    this.#signal = signal;
  }

  /**
   * The next sample of each container that is chosen now; those that were removed have none. What they are called
   * stands behind their names or IDs. It takes as long as the samples are apart, and no less where there are none.
   */
  async next(chosen: ReadonlyMap<string, string>): Promise<StatsRow[]> {
    for (const name of this.#sources.keys()) if (!chosen.has(name)) await this.#leave(name);
    const rows = await Promise.all([...chosen].map(([name, shown]) => this.#rowOf(name, shown)));
    const shown = rows.filter((row) => row !== undefined);
    if (chosen.size === 0 && this.#mode === 'stream') await this.#idle();
    return shown;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#sources.keys()) await this.#leave(name);
  }

  async #rowOf(name: string, container: string): Promise<StatsRow | undefined> {
    if (this.#gone.has(name)) return undefined;
    const next = await this.#sampleOf(name);
    if (next === undefined) this.#gone.add(name);
    return next && { container, sample: next };
  }

  async #sampleOf(name: string): Promise<ContainerSample | undefined> {
    try {
      const next = await this.#sourceOf(name).next();
      return next.done ? undefined : next.value;
    } catch (error) {
      // It was removed since it was chosen.
      if (isWherryError(error, 'CONTAINER_UNKNOWN')) return undefined;
      throw error;
    }
  }

  #sourceOf(name: string): AsyncIterator<ContainerSample> {
    const known = this.#sources.get(name);
    if (known) return known;
    const request = { container: name, mode: this.#mode };
    const source = this.#containers.stats(request, { signal: this.#signal })[Symbol.asyncIterator]();
    this.#sources.set(name, source);
    return source;
  }

  async #leave(name: string): Promise<void> {
    const source = this.#sources.get(name);
    this.#sources.delete(name);
    await source?.return?.();
  }

  async #idle(): Promise<void> {
    try {
      await sleep(IDLE_MS, undefined, { signal: this.#signal });
    } catch (cause) {
      throw new WherryError('CANCELLED', 'cancelled', { cause });
    }
  }
}
