import type { ContainerRecord, ContainerVerbs } from '@wherry/core';
import type { EventLog } from '../events/event-log.ts';

type Described = Pick<ContainerRecord, 'id' | 'imageName' | 'labels' | 'name'>;

/** Tells of something that happened to a container; `more`: attributes beside its own. */
export function logContainer(
  log: EventLog,
  action: string,
  { id, imageName, labels, name }: Described,
  more: Readonly<Record<string, string>> = {},
): void {
  log.add({ type: 'container', action, id, attributes: { ...labels, image: imageName, name, ...more } });
}

/** Tells of the end of a container that was started here, as long as the service lives. */
export function logEnd(
  log: EventLog,
  containers: Pick<ContainerVerbs, 'waitUntil'>,
  record: Described,
  signal: AbortSignal,
): void {
  containers.waitUntil({ container: record.id }, { signal }).then(
    ({ exitCode }) => logContainer(log, 'die', record, { exitCode: String(exitCode) }),
    // The service ends, or the container is gone, which its removal tells.
    () => undefined,
  );
}
