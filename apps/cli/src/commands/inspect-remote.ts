import { isWherryError, parseReference } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { FAILURE_EXIT_CODE } from '../exit-codes.ts';
import { openInspector } from '../output/inspector.ts';
import { printable } from '../output/printable.ts';
import { platformFlag } from './platform-flag.ts';

/** `wherry inspect --remote`: what registries tell of images; what fails is told at the end. */
export async function inspectRemote({ args, engine, flags, io, signal }: CommandContext): Promise<number> {
  // What a registry does not tell, such as the unpacked size, is to be no zero in a template.
  const inspector = await openInspector(flags.string('format'), { untyped: true });
  const platform = platformFlag(flags, io.env);
  const opened = await engine();
  const faults: string[] = [];
  for (const name of args)
    try {
      const found = await opened.inspectRemote({ ref: parseReference(name), ...platform }, { signal });
      const fault = inspector.add(found);
      if (fault !== undefined) faults.push(fault.message);
    } catch (error) {
      if (!isWherryError(error) || error.kind === 'cancelled') throw error;
      faults.push(`Error: ${error.message}`);
    }
  io.stdout.write(inspector.text());
  for (const fault of faults) io.stderr.write(printable(`${fault}\n`));
  return faults.length === 0 ? 0 : FAILURE_EXIT_CODE;
}
