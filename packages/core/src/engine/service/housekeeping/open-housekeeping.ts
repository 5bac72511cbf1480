import { randomUUID } from 'node:crypto';
import { systemClock } from '../../../clock.ts';
import type { CatalogTag } from '../../../metadata/registry-tags.ts';
import { storeRoot } from '../../store/default-root.ts';
import { openStore } from '../../store/open-store.ts';
import {
  type ApplyRetentionDeps,
  type ApplyRetentionRequest,
  type ApplyRetentionResult,
  applyRetention,
} from './apply-retention.ts';
import { type CollectGarbageRequest, type CollectGarbageResult, collectGarbage } from './collect-garbage.ts';
import { Notifications, type NotificationsDeps } from './notifications.ts';

const LAST_COLLECTION = 'gc-last-run';

/** What keeps the store of a registry service in order. */
export interface Housekeeping {
  /** Collects what nothing needs. Throws `CANCELLED`. */
  collectGarbage(
    request: CollectGarbageRequest,
    options?: { readonly signal?: AbortSignal },
  ): Promise<CollectGarbageResult>;
  /** Takes tags off that no rule speaks for. Throws `INVALID_ARGUMENT`, `CANCELLED`. */
  applyRetention(
    request: ApplyRetentionRequest,
    options?: { readonly signal?: AbortSignal },
  ): Promise<ApplyRetentionResult>;
  /**
   * Tells whether the last turn of any service on this root was `intervalMs` ago, and if so that the turn is taken
   * by whoever asks.
   */
  takeTurn(intervalMs: number): boolean;
}

/** How to open a store for housekeeping. */
export interface HousekeepingOptions {
  /** Directory of the store; absent: `WHERRY_ROOT`, else the platform's data directory. */
  readonly root?: string;
  /** Absent: the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Who is told of tags that go, by the service that runs or the next one; absent: nobody. */
  readonly notify?: Pick<NotificationsDeps, 'subscriptions' | 'origin' | 'warn'>;
}

/** Opens the store for housekeeping. Throws `SCHEMA_TOO_NEW`, `PERMISSION_DENIED`, `CORRUPT`. */
export function openHousekeeping(options: HousekeepingOptions = {}): Housekeeping & AsyncDisposable {
  const store = openStore(storeRoot(options.root, options.env ?? process.env));
  const now = () => systemClock.now();
  const queue = store.metadata.webhooks;
  const notifications =
    options.notify && new Notifications({ ...options.notify, queue, now, newId: randomUUID });
  return {
    ...createHousekeeping({ store, now, ...(notifications && { onRemoved: tellingOf(notifications) }) }),
    [Symbol.asyncDispose]: async () => store.close(),
  };
}

/** Has each tag that retention takes off told. */
export function tellingOf(notifications: Pick<Notifications, 'tell'>): (tag: CatalogTag) => void {
  return ({ repository, tag, digest }) => notifications.tell('delete', { repository, tag, digest });
}

/** Makes it over an open store, which stays open. */
export function createHousekeeping(deps: ApplyRetentionDeps): Housekeeping {
  const { store, now } = deps;
  return {
    collectGarbage: (request, options) => collectGarbage(deps, request, options),
    applyRetention: (request, options) => applyRetention(deps, request, options),
    takeTurn: (intervalMs) =>
      store.metadata.atomically(() => {
        const last = Number(store.metadata.getSetting(LAST_COLLECTION) ?? 0);
        const ms = now().getTime();
        // A clock that was set back must not put it off for long.
        if (ms - last < intervalMs && last <= ms) return false;
        store.metadata.setSetting(LAST_COLLECTION, String(ms));
        return true;
      }),
  };
}
