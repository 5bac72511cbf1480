import {
  type CopyPlace,
  formatCopyPlace,
  hostPlatform,
  type Platform,
  type ProgressEvent,
  parseCopyPlace,
  parsePlatform,
} from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError, plainly } from '../../errors.ts';
import { chosenFormat } from '../../output/format.ts';
import { COPY_WORDS, openProgress } from '../../output/progress.ts';
import { COPY_LISTING } from '../../output/rows/copy-row.ts';
import { warningsTo } from '../../output/warnings.ts';

/** `wherry copy`: an image from one place to another; the last line is where it is now, with its digest. */
export async function run(context: CommandContext): Promise<number> {
  const { args, flags, io, signal } = context;
  const [source, target] = [await place(args[0]), await place(args[1])];
  const platforms = await platformsOf(context);
  const format = await chosenFormat(flags, COPY_LISTING);
  const engine = await context.engine();
  const request = { source, target, platforms, referrers: flags.bool('referrers') };
  const onProgress = format === undefined ? progressOf(context) : warningsTo(io);
  const result = await plainly(() => engine.copy(request, { signal, onProgress }));
  io.stdout.write(format?.([result]) ?? `${withoutDigest(target)}@${result.descriptor.digest}\n`);
  return 0;
}

async function place(text = ''): Promise<CopyPlace> {
  return await plainly(() => parseCopyPlace(text));
}

async function platformsOf({ flags }: CommandContext): Promise<readonly Platform[]> {
  const texts = flags.list('platform').flatMap((text) => text.split(','));
  if (texts.length > 0 && flags.bool('all-platforms'))
    throw new CommandError("--platform can't be used with --all-platforms");
  const host = hostPlatform(process.platform, process.arch);
  return await plainly(() => texts.map((text) => parsePlatform(text, host)));
}

function progressOf({ flags, io }: CommandContext): (event: ProgressEvent) => void {
  const quiet = flags.bool('quiet');
  const display = openProgress(io, COPY_WORDS);
  return (event) => {
    if (event.kind === 'warning') display.warning(event.message);
    else if (event.kind === 'layer' && !quiet) display.layer(event);
  };
}

function withoutDigest(target: CopyPlace): string {
  if (target.kind !== 'registry') return formatCopyPlace(target);
  const { digest: _, ...ref } = target.ref;
  return formatCopyPlace({ kind: 'registry', ref });
}
