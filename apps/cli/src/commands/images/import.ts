import {
  type ImportRequest,
  isWherryError,
  type ProgressEvent,
  parseReference,
  withDefaultTag,
} from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { plain, plainly } from '../../errors.ts';
import { chosenFormat } from '../../output/format.ts';
import { LOADED_LISTING } from '../../output/rows/loaded-row.ts';
import { platformFlag } from '../platform-flag.ts';

/** `wherry import`: a file system's tar becomes an image. */
export async function run(context: CommandContext): Promise<number> {
  const { args, flags, io, signal } = context;
  const [source = '', name] = args;
  const ref = name === undefined ? undefined : await plainly(() => parseReference(name));
  const message = flags.string('message');
  const request: ImportRequest = {
    from: source === '-' ? io.stdin : source,
    ...(ref === undefined ? {} : { ref }),
    ...(message === undefined ? {} : { message }),
    changes: flags.list('change'),
    ...platformFlag(flags, io.env),
  };
  const format = await chosenFormat(flags, LOADED_LISTING);
  const isDownload = /^https?:\/\//i.test(source);
  const engine = await context.engine();
  const onProgress = (event: ProgressEvent) => {
    if (event.kind === 'fetching' && format === undefined) io.stdout.write(`Downloading from ${source}\n`);
  };
  try {
    const { id } = await engine.import(request, { signal, onProgress });
    io.stdout.write(format?.([{ id, ...(ref && { ref: withDefaultTag(ref) }) }]) ?? `${id}\n`);
    return 0;
  } catch (error) {
    // Docker's client opens the file: its daemon has no part in this failure.
    if (isWherryError(error, 'FILE_NOT_FOUND') && !isDownload) throw plain(error);
    throw error;
  }
}
