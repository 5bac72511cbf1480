import { type CommitRequest, parseReference, type Reference, withDefaultTag } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError, plainly } from '../../errors.ts';
import { chosenFormat } from '../../output/format.ts';
import { LOADED_LISTING } from '../../output/rows/loaded-row.ts';
import { warningsTo } from '../../output/warnings.ts';

/** `wherry commit`: what a container changed becomes an image. Prints its ID. */
export async function run({ args, engine, flags, io, signal }: CommandContext): Promise<number> {
  const [container = '', name] = args;
  const ref = name === undefined ? undefined : await tagOf(name);
  const [author, message] = [flags.string('author'), flags.string('message')];
  const request: CommitRequest = {
    container,
    ...(ref === undefined ? {} : { ref }),
    ...(author === undefined ? {} : { author }),
    ...(message === undefined ? {} : { message }),
    changes: flags.list('change'),
    pause: flags.bool('pause') && !flags.bool('no-pause'),
  };
  const format = await chosenFormat(flags, LOADED_LISTING);
  const { id } = await (await engine()).commit(request, { signal, onProgress: warningsTo(io) });
  io.stdout.write(format?.([{ id, ...(ref && { ref }) }]) ?? `${id}\n`);
  return 0;
}

/** As Docker's client reads it, before anything is asked of a daemon. */
async function tagOf(text: string): Promise<Reference> {
  const ref = await plainly(() => parseReference(text));
  if (ref.digest !== undefined) throw new CommandError('refusing to create a tag with a digest reference');
  return withDefaultTag(ref);
}
