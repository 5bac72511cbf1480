import type { OpenedRegistryService, RegistryServiceOptions } from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import { PullNotices } from './pull-notices.ts';
import { followRequests, requestOrigin } from './request-origin.ts';
import { HousekeepingSchedule } from './schedule.ts';
import type { HousekeepingSettings } from './settings.ts';
import { WebhookSender } from './webhook-sender.ts';

type Log = (line: string) => void;

/** What the registry service has to be opened with, so that housekeeping hears of what happens there. */
export function observedBy(
  { webhook }: HousekeepingSettings,
  log: Log,
): Pick<RegistryServiceOptions, 'notify'> {
  return { notify: { subscriptions: webhook.endpoint, origin: requestOrigin, warn: log } };
}

/** Housekeeping of a running service: what it listens to, and what it does from time to time. */
export class HouseKeeper implements AsyncDisposable {
  readonly #pulls: PullNotices;
  readonly #sender: WebhookSender;
  readonly #schedule: HousekeepingSchedule;

  constructor(
    { notifications, housekeeping }: Pick<OpenedRegistryService, 'notifications' | 'housekeeping'>,
    settings: HousekeepingSettings,
    log: Log,
  ) {
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
  }

  /** To be called when the last request has ended, before the store is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#pulls[Symbol.dispose]();
    await Promise.all([this.#sender[Symbol.asyncDispose](), this.#schedule[Symbol.asyncDispose]()]);
  }
}
