import type { ContainerSample } from '@wherry/core';
import { binarySize, shortSize } from '../human.ts';
import type { Listing } from '../listing.ts';

export interface StatsRow {
  /** What the user called it, or its short ID. */
  readonly container: string;
  readonly sample: ContainerSample;
}

const SHORT_ID_CHARS = 12;
/** Files that were read and nobody uses; control groups of version 1 and 2. */
const DROPPABLE = ['total_inactive_file', 'inactive_file'];

/** The list of what containers take. docker/cli, `container.statsContext`. */
export function statsListing({ noTrunc }: { readonly noTrunc: boolean }): Listing<StatsRow> {
  return {
    goType: 'container.statsContext',
    fields: {
      BlockIO: ({ sample }) =>
        [bytesOf(sample, 'r'), bytesOf(sample, 'w')].map((bytes) => shortSize(bytes)).join(' / '),
      CPUPerc: ({ sample }) => percent(cpuPercent(sample)),
      Container: ({ container }) => container,
      ID: ({ sample }) => (noTrunc ? sample.id : sample.id.slice(0, SHORT_ID_CHARS)),
      MemPerc: ({ sample }) => percent(memoryPercent(sample)),
      MemUsage: ({ sample }) =>
        `${binarySize(memoryBytes(sample))} / ${binarySize(sample.usage?.memory.limitBytes ?? 0)}`,
      Name: ({ sample }) => sample.name,
      // As with Docker, what goes through the host's network is nobody's, and without a network nothing does.
      NetIO: () => '0B / 0B',
      PIDs: ({ sample }) => String(sample.usage?.tasks.count ?? 0),
    },
    headings: {
      BlockIO: 'BLOCK I/O',
      CPUPerc: 'CPU %',
      Container: 'CONTAINER',
      ID: 'CONTAINER ID',
      MemPerc: 'MEM %',
      MemUsage: 'MEM USAGE / LIMIT',
      Name: 'NAME',
      NetIO: 'NET I/O',
      PIDs: 'PIDS',
    },
    table: ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'],
  };
}

/** Of one CPU: two that are busy are 200. Without a sample before, since the container was started. */
function cpuPercent({ previous, usage }: ContainerSample): number {
  if (usage === undefined) return 0;
  const used = usage.cpu.totalNs - (previous?.cpu.totalNs ?? 0);
  const passed = usage.host.totalNs - (previous?.host.totalNs ?? 0);
  return used > 0 && passed > 0 ? (used / passed) * usage.host.onlineCpus * 100 : 0;
}

/** Without what the kernel drops when somebody else needs it. */
function memoryBytes({ usage }: ContainerSample): number {
  if (usage === undefined) return 0;
  const { details, usageBytes } = usage.memory;
  const droppable = DROPPABLE.map((name) => details[name]).find((bytes) => bytes !== undefined) ?? 0;
  return droppable < usageBytes ? usageBytes - droppable : usageBytes;
}

function memoryPercent(sample: ContainerSample): number {
  const limit = sample.usage?.memory.limitBytes ?? 0;
  return limit > 0 ? (memoryBytes(sample) / limit) * 100 : 0;
}

function bytesOf({ usage }: ContainerSample, operation: 'r' | 'w'): number {
  return (usage?.blockIo.bytes ?? [])
    .filter((entry) => entry.operation.toLowerCase().startsWith(operation))
    .reduce((total, { value }) => total + value, 0);
}

function percent(number: number): string {
  return `${number.toFixed(2)}%`;
}
