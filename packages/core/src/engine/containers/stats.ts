import { type Clock, systemClock } from '../../clock.ts';
import { throwIfCancelled } from '../../errors.ts';
import type { VerbOptions } from '../../events.ts';
import { readUsage, type UsageRequest } from '../../runtime/usage/read-usage.ts';
import type { ResourceUsage } from '../../runtime/usage/resource-usage.ts';
import type { ContainerDeps } from './container-deps.ts';
import { recordOf, requireContainer } from './container-records.ts';
import { currentRecord } from './life/settle.ts';

export interface StatsRequest {
  readonly container: string;
  /**
   * `stream`: one sample a second until the container is removed, the first at once. `once`: one that has another one
   * a second before it, which tells how busy the CPUs were in between. `instant`: one, at once.
   */
  readonly mode: 'instant' | 'once' | 'stream';
}

/** What a container takes of the machine. */
export interface ContainerSample {
  readonly id: string;
  readonly name: string;
  /** Absent: it does not run. */
  readonly usage?: ResourceUsage;
  /** What it took at the sample before. */
  readonly previous?: ResourceUsage;
}

interface StatsDeps extends Pick<ContainerDeps, 'store'> {
  /** Absent: the system's. */
  readonly clock?: Pick<Clock, 'sleep'>;
  /** Absent: what reads the kernel's files. */
  readonly read?: (request: UsageRequest) => ResourceUsage | undefined;
}

const INTERVAL_MS = 1000;

/**
 * Tells what a container takes of CPUs, memory and disks; of one that does not run, nothing. Each sample reads a
 * handful of the kernel's files. Throws `CONTAINER_UNKNOWN`, `AMBIGUOUS_ID`, `CANCELLED`.
 */
export async function* containerStats(
  deps: StatsDeps,
  { container, mode }: StatsRequest,
  { signal }: VerbOptions = {},
): AsyncGenerator<ContainerSample> {
  const { id } = requireContainer(deps.store.metadata, container);
  let sample = takeSample(deps, id);
  if (mode === 'once' && sample?.usage) {
    await pause(deps, signal);
    sample = takeSample(deps, id, sample.usage);
  }
  for (; sample; sample = takeSample(deps, id, sample.usage)) {
    throwIfCancelled(signal);
    yield sample;
    if (mode !== 'stream') return;
    await pause(deps, signal);
  }
}

/** `undefined`: the container was removed. */
function takeSample(deps: StatsDeps, id: string, previous?: ResourceUsage): ContainerSample | undefined {
  const { read = readUsage, store } = deps;
  const stored = store.metadata.findContainer(id);
  if (stored?.id !== id) return undefined;
  const { name, options, state } = currentRecord({ store }, recordOf(stored));
  const isAlive = state.status === 'running' || state.status === 'paused';
  const usage = isAlive ? read({ id, pid: state.pid, options }) : undefined;
  return { id, name, ...(usage && { usage }), ...(previous && { previous }) };
}

async function pause({ clock = systemClock }: StatsDeps, signal: AbortSignal | undefined): Promise<void> {
  try {
    await clock.sleep(INTERVAL_MS, signal);
  } catch (error) {
    throwIfCancelled(signal);
    throw error;
  }
}
