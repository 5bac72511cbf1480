import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CollectGarbageRequest,
  type Housekeeping,
  isWherryError,
  type RetentionRule,
} from '@wherry/core';
import { type CollectionCounts, NO_COUNTS } from './metrics.ts';
import {
  type GcSettings,
  type HousekeepingSettings,
  prefixOf,
  type RetentionRuleSettings,
} from './settings.ts';

/** How often it is asked whether it is time, at most: several services on one root take turns. */
const LOOK_MS = 60_000;

export interface ScheduleDeps {
  readonly housekeeping: Housekeeping;
  readonly log: (line: string) => void;
}

/** Lets tags go and collects garbage from time to time, while the service runs. */
export class HousekeepingSchedule implements AsyncDisposable {
  #settings: Pick<HousekeepingSettings, 'gc' | 'retention'>;
  readonly #deps: ScheduleDeps;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #changed = new AbortController();
  #counts: CollectionCounts = NO_COUNTS;

  constructor(settings: Pick<HousekeepingSettings, 'gc' | 'retention'>, deps: ScheduleDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#running = this.#run();
  }

  /** Has what it does counted there from now on. */
  count(counts: CollectionCounts): void {
    this.#counts = counts;
  }

  /** Takes these to be the settings; a collection that runs ends as it began. */
  update(settings: Pick<HousekeepingSettings, 'gc' | 'retention'>): void {
    this.#settings = settings;
    this.#changed.abort();
    this.#changed = new AbortController();
  }

  /** Ends a collection at its next step; what it has not done is left to the next one. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const { interval } = this.#settings.gc;
      const changed = this.#changed.signal;
      const signal = AbortSignal.any([this.#stop.signal, changed]);
      const ms = interval > 0 ? Math.min(interval, LOOK_MS) : LOOK_MS;
      await sleep(ms, undefined, { signal, ref: false }).catch(() => {});
      if (!signal.aborted && interval > 0) await this.#turn();
    }
  }

  async #turn(): Promise<void> {
    const { housekeeping, log } = this.#deps;
    try {
      if (housekeeping.takeTurn(this.#settings.gc.interval)) await this.#keepHouse();
    } catch (error) {
      if (isWherryError(error, 'CANCELLED')) return;
      this.#counts.failed();
      // The next turn may find the disk less full, or the store free.
      log(`gc: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #keepHouse(): Promise<void> {
    const { housekeeping, log } = this.#deps;
    const { gc, retention } = this.#settings;
    const startedAt = performance.now();
    const options = { signal: this.#stop.signal };
    const rules = retention.rule.map(toRule);
    const { removed } = rules.length > 0 ? await housekeeping.applyRetention({ rules }, options) : NOTHING;
    this.#counts.untagged(removed.length);
    if (removed.length > 0) log(`retention: ${removed.length} tags taken off`);
    const result = await housekeeping.collectGarbage(toCollection(gc), options);
    this.#counts.done(result, performance.now() - startedAt);
    const { items, trashedBytes, reclaimedBytes } = result;
    if (items.length > 0)
      log(`gc: ${trashedBytes} bytes moved to the trash, ${reclaimedBytes} bytes given back`);
  }
}

const NOTHING = { removed: [] } as const;

/** What a collection by these settings is to take. */
export function toCollection({ keepUntagged, trashGrace, uploadMaxAge }: GcSettings): CollectGarbageRequest {
  return { keepUntagged, trashGraceMs: trashGrace, uploadMaxAgeMs: uploadMaxAge };
}

/** A rule as core knows it. */
export function toRule(settings: RetentionRuleSettings): RetentionRule {
  const { prefix, keepNewerThan, keepNewest, keepMatching, pinned } = settings;
  return {
    prefix: prefixOf(prefix),
    keepMatching,
    pinned,
    ...(keepNewest !== undefined && { keepNewest }),
    ...(keepNewerThan !== undefined && { keepNewerThanMs: keepNewerThan }),
  };
}
