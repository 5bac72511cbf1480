import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One run of a program. */
export interface Run {
  readonly wallSeconds: number;
  /** User and system time of the process and what it waited for; a daemon's is not in it. */
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

/** Something to time: `prepare` is not counted. */
export interface Contestant {
  readonly name: string;
  readonly prepare?: () => void | Promise<void>;
  readonly command: () => readonly string[];
}

/** What Node adds to each start where it is set would be measured with it. */
const environment = { ...process.env, NODE_EXTRA_CA_CERTS: undefined };

/** Where GNU time writes what a run took. */
const accounts = join(tmpdir(), `wherry-bench-${process.pid}`);
process.once('exit', () => rmSync(accounts, { force: true }));

/** Runs a command under GNU time. Throws, with what it printed, when it fails. */
export function run(command: readonly string[]): Run {
  const started = process.hrtime.bigint();
  const result = spawnSync('/usr/bin/time', ['-f', '%U %S %M', '-o', accounts, ...command], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
  });
  const wallSeconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (result.status !== 0)
    throw new Error(`${command.join(' ')}: exit ${result.status}\n${result.stderr}${result.error ?? ''}`);
  const [user = 0, system = 0, kilobytes = 0] = readFileSync(accounts, 'utf8').trim().split(' ').map(Number);
  return { wallSeconds, cpuSeconds: user + system, peakMegabytes: kilobytes / 1000 };
}

/** Times the contestants in turn, A B C A B C, after one round that is not counted. */
export async function race(contestants: readonly Contestant[], rounds: number): Promise<Map<string, Run[]>> {
  const runs = new Map<string, Run[]>(contestants.map(({ name }) => [name, []]));
  for (let round = -1; round < rounds; round++)
    for (const contestant of contestants) {
      await contestant.prepare?.();
      const result = run(contestant.command());
      if (round >= 0) runs.get(contestant.name)?.push(result);
    }
  return runs;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] =
    sorted.length % 2 ? [sorted[middle], sorted[middle]] : [sorted[middle - 1], sorted[middle]];
  return (low + high) / 2;
}
