import type {
  EventKind,
  Notifications,
  OpenedRegistryService,
  QuotaLimit,
  Quotas,
  RegistryAction,
  RegistryServiceOptions,
  Subscription,
} from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import type { Logger } from '../operating/logger.ts';
import type { Metrics } from '../operating/metrics.ts';
import { collectionCounts, countWebhooks } from './metrics.ts';
import { PullNotices } from './pull-notices.ts';
import { reserveUploads } from './quota-hook.ts';
import { followRequests, requestOrigin } from './request-origin.ts';
import { HousekeepingSchedule } from './schedule.ts';
import { type HousekeepingSettings, prefixOf, type WebhookEndpointSettings } from './settings.ts';
import { WebhookSender } from './webhook-sender.ts';

/** What the registry service has to be opened with, so that housekeeping hears of what happens there. */
export function observedBy(
  { quota, webhook }: Pick<HousekeepingSettings, 'quota' | 'webhook'>,
  log: Pick<Logger, 'warn'>,
): Required<Pick<RegistryServiceOptions, 'notify' | 'quotas'>> {
  return {
    quotas: limitsOf(quota),
    notify: {
      subscriptions: webhook.endpoint.map(toSubscription),
      origin: requestOrigin,
      warn: (line) => log.warn(line),
    },
  };
}

/** Housekeeping of a running service: what it listens to, and what it does from time to time. */
export class HouseKeeper implements AsyncDisposable {
  readonly #pulls: PullNotices;
  readonly #sender: WebhookSender;
  readonly #schedule: HousekeepingSchedule;
  readonly #quotas: Quotas;
  readonly #notifications: Notifications;
  readonly #uploads: Pick<OpenedRegistryService, 'requireUpload'>;

  constructor(
    service: Pick<OpenedRegistryService, 'notifications' | 'housekeeping' | 'quotas' | 'requireUpload'>,
    settings: HousekeepingSettings,
    log: Logger,
  ) {
    const { notifications, housekeeping, quotas } = service;
    this.#quotas = quotas;
    this.#notifications = notifications;
    this.#uploads = service;
    this.#pulls = new PullNotices(notifications, (line) => log.warn(line));
    this.#sender = new WebhookSender(settings.webhook.endpoint, {
      source: notifications,
      log: (line) => log.warn(line),
      now: () => new Date(),
    });
    this.#schedule = new HousekeepingSchedule(settings, {
      housekeeping,
      log: (line) => log.info(line),
    });
  }

  /** Has what it does counted there. To be called once. */
  count(metrics: Metrics): void {
    this.#schedule.count(collectionCounts(metrics));
    countWebhooks(metrics, this.#notifications);
  }

  /** Puts other settings into force. */
  update(settings: HousekeepingSettings): void {
    this.#quotas.limitTo(limitsOf(settings.quota));
    this.#notifications.subscribe(settings.webhook.endpoint.map(toSubscription));
    this.#sender.update(settings.webhook.endpoint);
    this.#schedule.update(settings);
  }

  /** Lets it hear of the application's requests. To be called before any route is added. */
  follow(app: FastifyInstance): void {
    followRequests(app);
    this.#pulls.follow(app);
    reserveUploads(app, this.#quotas, this.#uploads);
  }

  /** To be called when the last request has ended, before the store is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#pulls[Symbol.dispose]();
    await Promise.all([this.#sender[Symbol.asyncDispose](), this.#schedule[Symbol.asyncDispose]()]);
  }
}

function limitsOf({ limit }: HousekeepingSettings['quota']): QuotaLimit[] {
  return limit.map(({ prefix, bytes }) => ({ prefix: prefixOf(prefix), bytes }));
}

function toSubscription(settings: WebhookEndpointSettings): Subscription {
  const { name, actions, events, repositories, maxWaiting } = settings;
  const kinds = events.length > 0 ? (events as readonly EventKind[]) : undefined;
  // The settings know no other words.
  return {
    name,
    actions: actions as readonly RegistryAction[],
    repositories,
    maxWaiting,
    ...(kinds && { kinds }),
  };
}
