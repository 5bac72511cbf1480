import { isWherryError, parseReference } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { FAILURE_EXIT_CODE } from '../../exit-codes.ts';
import { openInspector } from '../../output/inspector.ts';
import { platformFlag } from '../platform-flag.ts';

/** `wherry inspect --remote`: what registries tell of images; what fails is told at the end. */
export async function inspectRemote({
  args,
  complain,
  engine,
  flags,
  io,
  signal,
}: CommandContext): Promise<number> {
  // What a registry does not tell, such as the unpacked size, is to be no zero in a template.
  const inspector = await openInspector(flags.string('format'), { untyped: true });
  const platform = platformFlag(flags, io.env);
  const opened = await engine();
  const faults: Error[] = [];
  for (const name of args)
    try {
      const found = await opened.inspectRemote({ ref: parseReference(name), ...platform }, { signal });
      const fault = inspector.add(found);
      if (fault !== undefined) faults.push(fault);
    } catch (error) {
      if (!isWherryError(error) || error.kind === 'cancelled') throw error;
      faults.push(error);
    }
  io.stdout.write(inspector.text());
  for (const fault of faults)
    complain(fault, isWherryError(fault) ? `Error: ${fault.message}` : fault.message);
  return faults.length === 0 ? 0 : FAILURE_EXIT_CODE;
}
