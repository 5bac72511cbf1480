import type { CollectGarbageRequest, RegistryServiceOptions, RetentionRule } from '@wherry/core';
import type { Logger } from '../operating/logger.ts';
import { loadSettings } from '../settings/load-settings.ts';
import type { SettingsFilePlace } from '../settings/settings-file.ts';
import { observedBy } from './keep-house.ts';
import { toCollection, toRule } from './schedule.ts';

/** What a service with these settings does when it keeps house. */
export interface HousekeepingPlan {
  /** Applied first; empty: every tag stays. */
  readonly rules: readonly RetentionRule[];
  readonly collection: CollectGarbageRequest;
  /** Who is told of tags that go. */
  readonly notify: NonNullable<RegistryServiceOptions['notify']>;
}

/** Reads what a service does, for who does it by hand. Throws `INVALID_CONFIG`. */
export async function readHousekeepingPlan(
  place: SettingsFilePlace,
  log: Pick<Logger, 'warn'>,
): Promise<HousekeepingPlan> {
  const { current } = await loadSettings(place);
  return {
    rules: current.retention.rule.map(toRule),
    collection: toCollection(current.gc),
    notify: observedBy(current, log).notify,
  };
}
