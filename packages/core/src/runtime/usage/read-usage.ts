import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { isErrno } from '../../errors.ts';
import type { ContainerOptions } from '../container-options.ts';
import { processesFrom, unlessGone } from '../namespace/host-processes.ts';
import { type HostFacts, readHostFacts } from '../spec/host-facts.ts';
import { cgroupPath } from '../spec/spec.ts';
import { usageOfV1 } from './cgroup-v1.ts';
import { usageOfV2 } from './cgroup-v2.ts';
import { hostCpuOf } from './host-cpu.ts';
import { usageOfProcesses } from './process-usage.ts';
import type { GroupUsage, ResourceUsage } from './resource-usage.ts';

const CGROUPS = '/sys/fs/cgroup';

export interface UsageRequest {
  readonly id: string;
  /** The container's first process, on the host. */
  readonly pid: number;
  readonly options: Pick<ContainerOptions, 'cgroupParent'>;
}

/**
 * Reads what a container that runs takes now, from its control group, or, where that is not found, from its processes: a
 * dozen small files of the kernel's, and no program. `undefined`: it has just ended.
 */
export function readUsage(
  request: UsageRequest,
  host: Pick<HostFacts, 'canUseCgroups' | 'cgroupVersion'> = readHostFacts(),
): ResourceUsage | undefined {
  const usage = (host.canUseCgroups ? groupUsage(request, host) : undefined) ?? processUsage(request.pid);
  if (usage === undefined) return undefined;
  const { limitBytes = Number.POSITIVE_INFINITY } = usage.memory;
  return {
    ...usage,
    memory: { ...usage.memory, limitBytes: Math.min(limitBytes, totalmem()) },
    readAt: new Date(),
    host: hostCpuOf(readFileSync('/proc/stat', 'utf8')),
  };
}

function groupUsage(
  { id, options }: UsageRequest,
  { cgroupVersion }: Pick<HostFacts, 'cgroupVersion'>,
): GroupUsage | undefined {
  const group = cgroupPath(id, options);
  return cgroupVersion === 2
    ? usageOfV2((file) => readGroupFile(`${CGROUPS}${group}/${file}`))
    : usageOfV1((controller, file) => readGroupFile(`${CGROUPS}/${controller}${group}/${file}`));
}

/** A file that is open while its group goes cannot be read any more, nor can what a controller does not offer. */
function readGroupFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV', 'EOPNOTSUPP')) return undefined;
    throw error;
  }
}

function processUsage(first: number): GroupUsage | undefined {
  const processes = processesFrom(first).flatMap((pid) => {
    const [stat, status] = ['stat', 'status'].map((name) =>
      unlessGone(() => readFileSync(`/proc/${pid}/${name}`, 'utf8')),
    );
    return stat === undefined || status === undefined ? [] : [{ stat, status }];
  });
  return usageOfProcesses(processes);
}
