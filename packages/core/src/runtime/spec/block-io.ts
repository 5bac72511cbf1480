import { WherryError } from '../../errors.ts';
import type { DeviceLimit, ResourceLimits } from '../container-options.ts';
import { blockDevice } from './devices.ts';
import type { SpecBlockDevice, SpecBlockIo } from './runtime-spec.ts';

const MIN_WEIGHT = 10;
const MAX_WEIGHT = 1000;

/** Finds a weight that no kernel takes. Throws `INVALID_ARGUMENT` in Docker's words. */
export function checkBlockIo({ blkioWeight }: ResourceLimits): void {
  if (!blkioWeight || (blkioWeight >= MIN_WEIGHT && blkioWeight <= MAX_WEIGHT)) return;
  throw new WherryError('INVALID_ARGUMENT', `Range of blkio weight is from ${MIN_WEIGHT} to ${MAX_WEIGHT}`);
}

/**
 * What the limits say of block devices, which the runtime wants by their numbers; `undefined`: nothing. Throws
 * `INVALID_ARGUMENT`.
 */
export async function blockIo(limits: ResourceLimits): Promise<SpecBlockIo | undefined> {
  const made: SpecBlockIo = {
    ...(limits.blkioWeight && { weight: limits.blkioWeight }),
    ...ifAny('weightDevice', await onDevices(limits.blkioWeightDevices, (weight) => ({ weight }))),
    ...ifAny('throttleReadBpsDevice', await onDevices(limits.blkioReadBps, toRate)),
    ...ifAny('throttleWriteBpsDevice', await onDevices(limits.blkioWriteBps, toRate)),
    ...ifAny('throttleReadIOPSDevice', await onDevices(limits.blkioReadIops, toRate)),
    ...ifAny('throttleWriteIOPSDevice', await onDevices(limits.blkioWriteIops, toRate)),
  };
  return Object.keys(made).length > 0 ? made : undefined;
}

function toRate(rate: number): { readonly rate: number } {
  return { rate };
}

async function onDevices<T extends object>(
  limits: readonly DeviceLimit[] = [],
  describe: (value: number) => T,
): Promise<(SpecBlockDevice & T)[]> {
  return await Promise.all(
    limits.map(async ({ path, value }) => ({ ...(await blockDevice(path)), ...describe(value) })),
  );
}

function ifAny<Name extends string, T>(name: Name, list: readonly T[]): Partial<Record<Name, readonly T[]>> {
  return list.length > 0 ? ({ [name]: list } as Record<Name, readonly T[]>) : {};
}
