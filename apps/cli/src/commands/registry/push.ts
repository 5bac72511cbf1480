import {
  formatReference,
  type PlatformChoice,
  type ProgressEvent,
  type PushResult,
  parseReference,
  type Reference,
  repositoryOf,
  withDefaultTag,
} from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError, plainly } from '../../errors.ts';
import { chosenFormat } from '../../output/format.ts';
import { openProgress, PUSH_WORDS } from '../../output/progress.ts';
import { PUSH_LISTING } from '../../output/rows/push-row.ts';
import { warningsTo } from '../../output/warnings.ts';
import { variantFlag } from '../platform-flag.ts';
import { refuseSigning } from './content-trust.ts';

/** Docker's, which stands between empty lines. */
const ONE_PLATFORM_NOTE = `
 Info -> Using --platform pushes only the specified platform manifest of a multi-platform image index.
         Other components, like attestations, will not be included.
         To push the complete multi-platform image, remove the --platform flag.

`;

/** `wherry push`: an image, or all tags of a repository. */
export async function run(context: CommandContext): Promise<number> {
  const { flags, io } = context;
  const choice = variantFlag(flags);
  const named = await plainly(() => parseReference(context.args[0] ?? ''));
  const isNameOnly = named.tag === undefined && named.digest === undefined;
  const allTags = flags.bool('all-tags');
  const quiet = flags.bool('quiet');
  if (allTags && !isNameOnly) throw new CommandError("tag can't be used with --all-tags/-a");
  refuseSigning(flags, io.env);
  const ref = allTags ? named : withDefaultTag(named);
  const format = await chosenFormat(flags, PUSH_LISTING);
  if (format !== undefined) {
    io.stdout.write(format(await plainly(() => send(context, ref, choice, warningsTo(io)))));
    return 0;
  }
  if (!quiet) {
    if (choice.platform) io.stdout.write(ONE_PLATFORM_NOTE);
    if (isNameOnly && !allTags) io.stdout.write('Using default tag: latest\n');
    io.stdout.write(`The push refers to repository [${formatReference(repositoryOf(ref))}]\n`);
  }
  await plainly(() => send(context, ref, choice, progressOf(context)));
  if (quiet) io.stdout.write(`${formatReference(ref)}\n`);
  return 0;
}

async function send(
  { engine, flags, signal }: CommandContext,
  ref: Reference,
  choice: PlatformChoice,
  onProgress: (event: ProgressEvent) => void,
): Promise<PushResult[]> {
  const opened = await engine();
  return flags.bool('all-tags')
    ? await opened.pushAllTags({ repository: ref, ...choice }, { signal, onProgress })
    : [await opened.push({ ref, ...choice }, { signal, onProgress })];
}

function progressOf({ flags, io }: CommandContext): (event: ProgressEvent) => void {
  const quiet = flags.bool('quiet');
  const display = openProgress(io, PUSH_WORDS);
  return (event) => {
    if (event.kind === 'warning') display.warning(event.message);
    else if (quiet) return;
    else if (event.kind === 'layer') display.layer(event);
    else if (event.kind === 'tag-pushed') {
      const { ref, target } = event;
      display.line(`${ref.tag}: digest: ${target.digest} size: ${target.size}`);
    }
  };
}
