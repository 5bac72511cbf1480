import { WherryError } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { CommandError } from '../errors.ts';
import { FAILURE_EXIT_CODE } from '../exit-codes.ts';
import { openInspector } from '../output/inspector.ts';
import { run as runImageInspect } from './images/image-inspect.ts';
import { inspectContainers, inspectObjects } from './inspect-objects.ts';

const TYPES = [
  'config',
  'container',
  'image',
  'network',
  'node',
  'plugin',
  'secret',
  'service',
  'task',
  'volume',
];

/** `wherry inspect`: what there is about objects of any type. The store holds containers and images. */
export async function run(context: CommandContext): Promise<number> {
  const { args, complain, flags, io } = context;
  const type = flags.string('type');
  if (type !== undefined && !TYPES.includes(type)) {
    const fault = type === '' ? 'type is empty' : `unknown type: ${JSON.stringify(type)}`;
    throw new CommandError(`${fault}: must be one of ${TYPES.map((name) => `"${name}"`).join(', ')}`);
  }
  if (isRemote(context)) {
    if (type !== undefined && type !== 'image')
      throw new CommandError(`--remote finds images, not objects of type ${JSON.stringify(type)}`);
    if (flags.bool('size')) throw new CommandError("--size can't be used with --remote");
    return await (await import('./registry/inspect-remote.ts')).inspectRemote(context);
  }
  const inspector = await openInspector(flags.string('format'));
  if (type === undefined) return await inspectObjects(context, inspector);
  if (type === 'container') return await inspectContainers(context, inspector);
  if (flags.bool('size')) io.stderr.write(`WARNING: --size ignored for ${type}\n`);
  if (type === 'image') return await runImageInspect(context);
  io.stdout.write(inspector.text());
  for (const name of args) {
    const message = `No such ${type}: ${name}`;
    complain(new WherryError('NAME_UNKNOWN', message), `Error: ${message}`);
  }
  return FAILURE_EXIT_CODE;
}

/** Tells whether registries are to be asked in place of the store. Throws for what only they could answer. */
function isRemote({ flags }: Pick<CommandContext, 'flags'>): boolean {
  const remote = flags.bool('remote');
  if (!remote && flags.string('platform') !== undefined)
    throw new CommandError('--platform can only be used with --remote');
  return remote;
}
