import { isWherryError, WherryError } from '../../errors.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import { blockIo, checkBlockIo } from '../../runtime/spec/block-io.ts';
import { type HostFacts, readHostFacts } from '../../runtime/spec/host-facts.ts';
import { type ChangeableLimits, changedLimits, limitsToApply } from '../../runtime/spec/limit-changes.ts';
import { cgroupResources } from '../../runtime/spec/resources.ts';
import type { SpecResources } from '../../runtime/spec/runtime-spec.ts';
import type { ContainerDeps } from './container-deps.ts';
import { changeRecord, requireContainer } from './container-records.ts';
import { isAlive } from './kill.ts';
import { whileLocked } from './life/while-locked.ts';

export interface UpdateRequest {
  readonly container: string;
  /** What is absent, zero or empty stays as it is. */
  readonly limits: ChangeableLimits;
}

/**
 * Gives a container other limits: those hold at once for one that runs, and at each start. Throws `CONTAINER_UNKNOWN`,
 * `INVALID_ARGUMENT` for limits that make no sense, `CONFLICT` for those that do not go with what it has, `UNSUPPORTED`
 * where there are no control groups, `INTERNAL` with what the runtime says of others.
 */
export async function updateContainer(
  deps: ContainerDeps,
  { container, limits }: UpdateRequest,
  host: HostFacts = readHostFacts(),
): Promise<void> {
  const { id } = requireContainer(deps.store.metadata, container);
  checkBlockIo(limits);
  cgroupResources(limits, host, { isChange: true });
  try {
    await whileLocked(deps, id, (record) => change(deps, record, limits, host));
  } catch (cause) {
    if (!isWherryError(cause, 'CONFLICT', 'INTERNAL', 'INVALID_ARGUMENT')) throw cause;
    const { code, details, message } = cause;
    throw new WherryError(code, `Cannot update container ${id}: ${message}`, { details, cause });
  }
}

async function change(
  deps: ContainerDeps,
  record: ContainerRecord,
  limits: ChangeableLimits,
  host: HostFacts,
): Promise<void> {
  const { id, options } = record;
  const after = changedLimits(options.resources ?? {}, limits);
  const toApply = limitsToApply(limits, after);
  const groups = cgroupResources(toApply, host, { isChange: true });
  const blocks = await blockIo(limits);
  const resources = { ...groups, ...(blocks && { blockIO: blocks }) };
  if (Object.keys(resources).length > 0 && isAlive(deps, record)) await apply(deps, record, resources);
  const changed = (now: ContainerRecord) => ({ ...now, options: { ...now.options, resources: after } });
  changeRecord(deps.store.metadata, id, changed, { isWish: true });
}

/** Fine when it has ended meanwhile: the next start has them. */
async function apply(
  deps: ContainerDeps,
  record: ContainerRecord,
  resources: Omit<SpecResources, 'devices'>,
): Promise<void> {
  try {
    await deps.runtime().update(record.id, resources);
  } catch (error) {
    if (isAlive(deps, record)) throw error;
  }
}
