import type { OpenedRegistryService, Quotas, RegistryServiceOptions } from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import { PullNotices } from './pull-notices.ts';
import { reserveUploads } from './quota-hook.ts';
import { followRequests, requestOrigin } from './request-origin.ts';
import { HousekeepingSchedule } from './schedule.ts';
import { type HousekeepingSettings, prefixOf } from './settings.ts';
import { WebhookSender } from './webhook-sender.ts';

type Log = (line: string) => void;

/** What the registry service has to be opened with, so that housekeeping hears of what happens there. */
export function observedBy(
  { quota, webhook }: HousekeepingSettings,
  log: Log,
): Pick<RegistryServiceOptions, 'notify' | 'quotas'> {
  return {
    quotas: quota.limit.map(({ prefix, bytes }) => ({ prefix: prefixOf(prefix), bytes })),
    notify: { subscriptions: webhook.endpoint, origin: requestOrigin, warn: log },
  };
}

/** Housekeeping of a running service: what it listens to, and what it does from time to time. */
export class HouseKeeper implements AsyncDisposable {
  readonly #pulls: PullNotices;
  readonly #sender: WebhookSender;
  readonly #schedule: HousekeepingSchedule;
  readonly #quotas: Quotas;

  constructor(
    service: Pick<OpenedRegistryService, 'notifications' | 'housekeeping' | 'quotas'>,
    settings: HousekeepingSettings,
    log: Log,
  ) {
    const { notifications, housekeeping, quotas } = service;
    this.#quotas = quotas;
    this.#pulls = new PullNotices(notifications, log);
    this.#sender = new WebhookSender(settings.webhook.endpoint, {
      source: notifications,
      log,
      now: () => new Date(),
    });
    this.#schedule = new HousekeepingSchedule(settings, { housekeeping, log });
  }

  /** Lets it hear of the application's requests. To be called before any route is added. */
  follow(app: FastifyInstance): void {
    followRequests(app);
    this.#pulls.follow(app);
    reserveUploads(app, this.#quotas);
  }

  /** To be called when the last request has ended, before the store is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#pulls[Symbol.dispose]();
    await Promise.all([this.#sender[Symbol.asyncDispose](), this.#schedule[Symbol.asyncDispose]()]);
  }
}
