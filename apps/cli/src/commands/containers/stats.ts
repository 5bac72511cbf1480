import { type ContainerVerbs, isWherryError } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { FAILURE_EXIT_CODE } from '../../exit-codes.ts';
import { formatList } from '../../output/format.ts';
import { TABLE } from '../../output/listing.ts';
import { statsListing } from '../../output/rows/stats-row.ts';
import { SampleBoard } from './sample-board.ts';

const SHORT_ID_CHARS = 12;
const CURSOR_HOME = '\x1b[H';
const CLEAR_LINE_END = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

/** `wherry stats`: what containers take of the machine, once or every second. */
export async function run(context: CommandContext): Promise<number> {
  const { args, engine, flags, io, signal } = context;
  const format = flags.string('format') || TABLE;
  const listing = statsListing({ noTrunc: flags.bool('no-trunc') });
  // What is no template is refused before anybody waits for a sample.
  await formatList(format, listing, []);
  const { containers } = await engine();
  if (await isAnyMissing(context, containers)) return FAILURE_EXIT_CODE;
  const isListed = args.length === 0;
  const chosen = async () =>
    isListed ? await listed(containers, flags.bool('all')) : new Map(args.map((name) => [name, name]));
  const isOnce = flags.bool('no-stream');
  await using board = new SampleBoard(containers, isOnce ? 'once' : 'stream', signal);
  for (;;) {
    const rows = await board.next(await chosen());
    // All that were asked for have been removed.
    if (rows.length === 0 && !isListed) return 0;
    const text = await formatList(format, listing, rows);
    io.stdout.write(io.stdout.isTTY && !isOnce ? redrawn(text) : text);
    if (isOnce) return 0;
  }
}

/** Tells of each that is not there. */
async function isAnyMissing(
  { args, complain }: CommandContext,
  containers: Pick<ContainerVerbs, 'inspect'>,
): Promise<boolean> {
  let isMissing = false;
  for (const name of args)
    try {
      await containers.inspect(name);
    } catch (error) {
      if (!isWherryError(error, 'CONTAINER_UNKNOWN', 'AMBIGUOUS_ID')) throw error;
      complain(error, `Error: ${error.message}`);
      isMissing = true;
    }
  return isMissing;
}

/** Those that there are now, by their IDs: a second later others may run. */
async function listed(
  containers: Pick<ContainerVerbs, 'names'>,
  isAll: boolean,
): Promise<ReadonlyMap<string, string>> {
  const names = isAll
    ? await containers.names()
    : [...(await containers.names('running')), ...(await containers.names('paused'))];
  return new Map(names.map(({ id }) => [id, id.slice(0, SHORT_ID_CHARS)]));
}

/** Over what stood there before, and without what is left of it: a screen that is cleared first flickers. */
function redrawn(text: string): string {
  return `${CURSOR_HOME}${text.replaceAll('\n', `${CLEAR_LINE_END}\n`)}${CLEAR_BELOW}`;
}
