import { type ContainerEnd, type ContainerRecord, type ContainerVerbs, isWherryError } from '@wherry/core';
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

/** Tells that a container is gone, once: who removes it and who waited for it both know. */
export function logDestroyed(log: EventLog, record: Described): void {
  const isTold = log.kept().some(({ action, id }) => action === 'destroy' && id === record.id);
  if (!isTold) logContainer(log, 'destroy', record);
}

type Backend = Pick<ContainerVerbs, 'waitUntil'>;

/** Waits for the end of a run that is to begin, from before its beginning: one that removes itself may be short. */
export async function awaitEnd(
  containers: Backend,
  id: string,
  signal: AbortSignal,
): Promise<{ readonly end: Promise<ContainerEnd> }> {
  const { promise: waits, resolve: onWaiting } = Promise.withResolvers<void>();
  const end = containers.waitUntil({ container: id, condition: 'next-exit' }, { signal, onWaiting });
  // Whoever asks for the end hears why there is none.
  await Promise.race([waits, end.catch(() => undefined)]);
  return { end };
}

/** Tells of the end of a container that was started here, as long as the service lives. */
export async function logEnd(
  log: EventLog,
  containers: Backend,
  record: Described & Pick<ContainerRecord, 'autoRemove'>,
  { end, signal }: { readonly end: Promise<ContainerEnd>; readonly signal: AbortSignal },
): Promise<void> {
  const { autoRemove, id } = record;
  try {
    const { exitCode } = await end;
    logContainer(log, 'die', record, { exitCode: String(exitCode) });
    if (!autoRemove) return;
    await containers.waitUntil({ container: id, condition: 'removed' }, { signal });
    logDestroyed(log, record);
  } catch (error) {
    // Gone before it was waited for. Otherwise the service ends, or whoever removed it has told.
    if (isWherryError(error, 'CONTAINER_UNKNOWN') && autoRemove) logDestroyed(log, record);
  }
}
