import { isWherryError, type LogEntry } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError, plain } from '../../errors.ts';

/** `wherry logs`: what a container printed, each stream to its own. */
export async function run({ args, engine, flags, io, signal }: CommandContext): Promise<number> {
  const [container = ''] = args;
  const [since, until] = [flags.string('since'), flags.string('until')];
  const request = {
    container,
    ...tailOf(flags.string('tail') ?? 'all'),
    ...(since && { since }),
    ...(until && { until }),
    ...(flags.bool('follow') && { follow: true }),
  };
  const { containers } = await engine();
  const { options } = await containers.inspect(container);
  // The details are a line's attributes, of which there are none, with a blank behind them.
  const details = flags.bool('details') ? ' ' : '';
  const withTime = flags.bool('timestamps');
  const shown = ({ text, time }: LogEntry) => `${withTime ? `${time} ` : ''}${details}${text}`;
  try {
    for await (const entries of containers.logs(request, { signal }))
      for (const { stream, batch } of runsOf(entries)) {
        const out = stream === 'stderr' && !options.tty ? io.stderr : io.stdout;
        await out.writeBytes(Buffer.from(batch.map(shown).join('')));
      }
  } catch (error) {
    // Docker's client reads the times itself.
    throw isWherryError(error, 'INVALID_ARGUMENT') ? plain(error) : error;
  }
  return 0;
}

/** Entries in a row that go to the same stream: one write for all of them. */
function runsOf(entries: readonly LogEntry[]): { stream: LogEntry['stream']; batch: LogEntry[] }[] {
  const runs: { stream: LogEntry['stream']; batch: LogEntry[] }[] = [];
  for (const entry of entries) {
    const last = runs.at(-1);
    if (last?.stream === entry.stream) last.batch.push(entry);
    else runs.push({ stream: entry.stream, batch: [entry] });
  }
  return runs;
}

function tailOf(text: string): { readonly tail?: number } {
  if (text === 'all' || text === '') return {};
  if (!/^-?\d+$/.test(text)) throw new CommandError(`invalid value for "tail": ${text}`);
  const tail = Number(text);
  return tail < 0 ? {} : { tail };
}
