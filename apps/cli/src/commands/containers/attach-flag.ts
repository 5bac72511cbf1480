import type { SessionOptions, StandardStream } from '@wherry/core';
import { CommandError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';
import { badValue } from '../flag-value.ts';

/**
 * What `run` or `create` is attached to: `--attach`, or else output, errors, and with `--interactive` the input.
 * Throws `CommandError` in Docker's words.
 */
export function attachedStreams(flags: Flags): readonly StandardStream[] {
  const given = flags.list('attach').map(streamOf);
  if (flags.has('detach') && flags.bool('detach')) {
    if (given.length > 0)
      throw new CommandError('conflicting options: cannot specify both --attach and --detach');
    return [];
  }
  if (given.length === 0)
    return [...(flags.bool('interactive') ? ['stdin' as const] : []), 'stdout', 'stderr'];
  return (['stdin', 'stdout', 'stderr'] as const).filter((stream) => given.includes(stream));
}

/** Throws for what cannot be stayed with: a container of which nothing is shown. */
export function requireOutput(attached: readonly StandardStream[]): void {
  if (attached.includes('stdout') || attached.includes('stderr')) return;
  throw new CommandError('--attach stdin alone is not offered: attach to stdout or stderr too');
}

/** Output and errors as far as they are attached; the rest is taken, and goes to the log alone. */
export function attachedSink(
  sink: SessionOptions['sink'],
  attached: readonly StandardStream[],
): SessionOptions['sink'] {
  return (stream, chunk) => (attached.includes(stream) ? sink(stream, chunk) : undefined);
}

function streamOf(text: string): StandardStream {
  const stream = text.toLowerCase();
  if (stream === 'stdin' || stream === 'stdout' || stream === 'stderr') return stream;
  throw badValue(text, '-a, --attach', 'valid streams are STDIN, STDOUT and STDERR');
}
