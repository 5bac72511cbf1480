import { type FileCopyOptions, type FileCopyResult, isWherryError } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError, plain } from '../../errors.ts';
import { type CopyProgress, copyProgress } from '../../output/copy-progress.ts';
import { shortSize } from '../../output/human.ts';
import { warningsTo } from '../../output/warnings.ts';

/** One side of a copy; without a container it is this machine's. */
interface CopyEnd {
  readonly container?: string;
  readonly path: string;
}

const STREAM = '-';

/** `wherry cp`: files from or to a container. */
export async function run(context: CommandContext): Promise<number> {
  const [from = '', to = ''] = context.args;
  if (from === '') throw new CommandError('source can not be empty');
  if (to === '') throw new CommandError('destination can not be empty');
  const [source, target] = [endOf(from), endOf(to)];
  if (source.container !== undefined && target.container !== undefined)
    throw new CommandError('copying between containers is not supported');
  if (source.container !== undefined) await copyOut(context, source.container, source.path, target.path);
  else if (target.container !== undefined) await copyIn(context, source.path, target.container, target.path);
  else throw new CommandError('must specify at least one container source');
  return 0;
}

/** A colon in a path of this machine's has a slash or a dot before it somewhere at the beginning. */
function endOf(text: string): CopyEnd {
  const colon = text.indexOf(':');
  if (colon < 0 || text.startsWith('/') || text.startsWith('.')) return { path: text };
  const container = text.slice(0, colon);
  return { path: text.slice(colon + 1), ...(container !== '' && { container }) };
}

async function copyOut(
  { engine, flags, io, signal }: CommandContext,
  container: string,
  path: string,
  target: string,
): Promise<void> {
  const { containers } = await engine();
  const request = { container, path, followLink: flags.bool('follow-link') };
  const onProgress = warningsTo(io);
  if (target === STREAM) {
    for await (const chunk of containers.copyOutArchive(request, { signal, onProgress }))
      await io.stdout.writeBytes(chunk);
    return;
  }
  await withSummary({ flags, io, signal }, 'Copying from container - ', async (options) => {
    const keepOwners = flags.bool('archive');
    const result = await containers.copyOut({ ...request, target, keepOwners }, options);
    return { result, where: result.target };
  });
}

async function copyIn(
  { engine, flags, io, signal }: CommandContext,
  source: string,
  container: string,
  path: string,
): Promise<void> {
  const { containers } = await engine();
  const from =
    source === STREAM
      ? { archive: io.stdin as AsyncIterable<Uint8Array> }
      : { path: source, followLink: flags.bool('follow-link') };
  await withSummary({ flags, io, signal }, 'Copying to container - ', async (options) => {
    const keepOwners = flags.bool('archive');
    const result = await containers.copyIn({ container, path, source: from, keepOwners }, options);
    return { result, where: `${container}:${result.target}` };
  });
}

type Surroundings = Pick<CommandContext, 'flags' | 'io' | 'signal'>;

/** Says how much was copied, and before that how far it is; only to a terminal, unless `--quiet` says otherwise. */
async function withSummary(
  { flags, io, signal }: Surroundings,
  header: string,
  copy: (options: FileCopyOptions) => Promise<{ readonly result: FileCopyResult; readonly where: string }>,
): Promise<void> {
  const isQuiet = flags.changed('quiet') ? flags.bool('quiet') : !io.stdout.isTTY;
  const progress: CopyProgress | undefined = isQuiet ? undefined : copyProgress(io, header);
  const options = { signal, onProgress: warningsTo(io), ...(progress && { onTransfer: progress.update }) };
  try {
    const { result, where } = await copy(options);
    progress?.clear();
    if (!isQuiet) io.stderr.write(`${summaryOf(result)} to ${where}\n`);
  } catch (error) {
    progress?.clear();
    throw asClient(error);
  }
}

/** Docker's client says without a prefix what it finds wrong before the engine has anything to do. */
function asClient(error: unknown): unknown {
  return isWherryError(error) && error.details.isUsage === true ? plain(error) : error;
}

function summaryOf({ contentBytes, transferredBytes }: FileCopyResult): string {
  const [content, transferred] = [shortSize(contentBytes), shortSize(transferredBytes)];
  const more = contentBytes === transferredBytes ? '' : ` (transferred ${transferred})`;
  return `Successfully copied ${content}${more}`;
}
