import type { Digest } from '../../../digest.ts';
import type { CatalogObserver } from '../../../metadata/catalog-observer.ts';
import type { QueuedEvent, WebhookCounts, WebhookQueue } from '../../../metadata/webhook-queue.ts';
import { matchesPattern } from './name-pattern.ts';

/** What happens to a manifest or a blob of a repository; one that is mounted is pushed. */
export type RegistryAction = 'push' | 'pull' | 'delete';

/** What something happens to. */
export type EventKind = 'manifest' | 'blob';

/** Who is told of what. */
export interface Subscription {
  /** Names the queue: one that is renamed begins anew. */
  readonly name: string;
  /** Empty: all. */
  readonly actions: readonly RegistryAction[];
  /** Patterns with `*`; empty: every repository. */
  readonly repositories: readonly string[];
  /** Absent: manifests alone. */
  readonly kinds?: readonly EventKind[];
  /** So many wait at most; the oldest go first. */
  readonly maxWaiting: number;
}

/** What an event is about. */
export interface EventTarget {
  /** Absent: a manifest. Receivers tell a blob by its media type. */
  readonly kind?: EventKind;
  readonly repository: string;
  readonly digest?: Digest;
  readonly mediaType?: string;
  /** In bytes. */
  readonly size?: number;
  readonly tag?: string;
}

/** Where an event comes from. */
export interface EventOrigin {
  readonly request?: {
    readonly id: string;
    readonly addr: string;
    readonly host: string;
    readonly method: string;
    readonly useragent: string;
  };
  readonly actor?: { readonly name: string };
}

export interface NotificationsDeps {
  readonly queue: WebhookQueue;
  /** At first; see `subscribe`. */
  readonly subscriptions: readonly Subscription[];
  readonly now: () => Date;
  readonly newId: () => string;
  /** The request that is being served. */
  readonly origin: () => EventOrigin;
  /** Hears of what nobody will be told. */
  readonly warn: (text: string) => void;
}

/**
 * Writes down what happens for those who are to be told, in the form of distribution's notifications. What is
 * written down is told at least once; see `WebhookQueue`.
 */
export class Notifications {
  readonly #deps: NotificationsDeps;
  #subscriptions: readonly Subscription[];
  #onAdded: () => void = () => {};

  constructor(deps: NotificationsDeps) {
    this.#deps = deps;
    this.#subscriptions = deps.subscriptions;
  }

  /** Takes these to be all there are from now on. What waits for others waits on. */
  subscribe(subscriptions: readonly Subscription[]): void {
    this.#subscriptions = subscriptions;
  }

  /** Calls `listener` when something waits to be told. */
  onAdded(listener: () => void): void {
    this.#onAdded = listener;
  }

  /** In the transaction that makes it so: either both last, or neither does. */
  tell(action: RegistryAction, target: EventTarget): void {
    if (this.#subscriptions.length === 0) return;
    this.#add([this.event(action, target)], true);
  }

  /** Many of small importance at once. */
  tellAll(events: readonly RegistryEvent[]): void {
    if (events.length > 0) this.#add(events, false);
  }

  /** What is to be told now. */
  event(action: RegistryAction, target: EventTarget): RegistryEvent {
    const { newId, now, origin } = this.#deps;
    const { request = {}, actor = {} } = origin();
    const { kind = 'manifest', ...told } = target;
    const { size } = told;
    // The older of the two names is what early receivers read.
    const sizes = size === undefined ? {} : { size, length: size };
    return {
      kind,
      id: newId(),
      timestamp: now().toISOString(),
      action,
      target: { ...told, ...sizes },
      request,
      actor,
    };
  }

  /** Tells whether anybody wants to hear of it. */
  isWanted(action: RegistryAction, repository: string, kind: EventKind = 'manifest'): boolean {
    return this.#subscriptions.some((each) => isFor(each, { action, kind, target: { repository } }));
  }

  next(endpoint: string, limit: number): QueuedEvent[] {
    return this.#deps.queue.next(endpoint, limit);
  }

  delivered(endpoint: string, last: number): void {
    this.#deps.queue.delivered(endpoint, last);
  }

  failed(endpoint: string): void {
    this.#deps.queue.failed(endpoint);
  }

  claim(endpoint: string, owner: string, forMs: number): boolean {
    return this.#deps.queue.claim(endpoint, owner, forMs);
  }

  release(owner: string): void {
    this.#deps.queue.release(owner);
  }

  /** For those who watch the service. */
  counts(): WebhookCounts[] {
    return this.#deps.queue.counts();
  }

  #add(events: readonly RegistryEvent[], durable: boolean): void {
    const { queue, warn } = this.#deps;
    for (const subscription of this.#subscriptions) {
      const texts = events
        .filter((event) => isFor(subscription, event))
        .map(({ kind: _, ...told }) => JSON.stringify(told));
      if (texts.length === 0) continue;
      const { name, maxWaiting } = subscription;
      const dropped = queue.add(name, texts, { maxWaiting, durable });
      if (dropped > 0)
        warn(`webhook ${name}: more than ${maxWaiting} events wait, ${dropped} old ones dropped`);
    }
    this.#onAdded();
  }
}

/** Tells of what happens to the catalogue: a push of several tags is an event for each. */
export function observerOf(notifications: Notifications): CatalogObserver {
  return {
    pushed: (repository, { descriptor }, tags) => {
      const { digest, mediaType, size } = descriptor;
      for (const tag of tags.length > 0 ? tags : [undefined])
        notifications.tell('push', {
          repository,
          digest,
          mediaType,
          size,
          ...(tag !== undefined && { tag }),
        });
    },
    deleted: (repository, gone) => notifications.tell('delete', { repository, ...gone }),
  };
}

/** One entry of the envelope that is sent, save for its kind. */
export interface RegistryEvent {
  readonly kind: EventKind;
  readonly id: string;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly action: RegistryAction;
  readonly target: Omit<EventTarget, 'kind'> & { readonly length?: number };
  readonly request: Partial<NonNullable<EventOrigin['request']>>;
  readonly actor: Partial<NonNullable<EventOrigin['actor']>>;
}

function isFor(
  { actions, repositories, kinds = ['manifest'] }: Subscription,
  { action, kind, target: { repository } }: Pick<RegistryEvent, 'action' | 'kind' | 'target'>,
): boolean {
  if (!kinds.includes(kind)) return false;
  if (actions.length > 0 && !actions.includes(action)) return false;
  return repositories.length === 0 || repositories.some((pattern) => matchesPattern(pattern, repository));
}
