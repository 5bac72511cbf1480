import { isWherryError, type VolumeInfo } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { FAILURE_EXIT_CODE } from '../../exit-codes.ts';
import { openInspector } from '../../output/inspector.ts';

/** `wherry volume inspect`: all that is known of volumes. */
export async function run({ args, complain, engine, flags, io }: CommandContext): Promise<number> {
  const inspector = await openInspector(flags.string('format'));
  const { volumes } = await engine();
  const faults: Error[] = [];
  for (const name of args)
    try {
      const fault = inspector.add(volumeDocument(await volumes.inspect(name)), 'volume');
      if (fault !== undefined) faults.push(fault);
    } catch (error) {
      if (!isWherryError(error, 'VOLUME_UNKNOWN')) throw error;
      faults.push(error);
    }
  io.stdout.write(inspector.text());
  for (const fault of faults)
    complain(fault, isWherryError(fault) ? `Error: ${fault.message}` : fault.message);
  return faults.length === 0 ? 0 : FAILURE_EXIT_CODE;
}

/** What Docker's Engine API answers for a volume; field names and order are Docker's. */
function volumeDocument({ createdAt, labels, mountpoint, name }: VolumeInfo): object {
  return {
    CreatedAt: createdAt,
    Driver: 'local',
    Labels: Object.keys(labels).length > 0 ? labels : null,
    Mountpoint: mountpoint,
    Name: name,
    Options: null,
    Scope: 'local',
  };
}
