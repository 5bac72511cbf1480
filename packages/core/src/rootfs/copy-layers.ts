import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isErrno, throwIfCancelled } from '../errors.ts';
import { visibleNames } from './merged-layers.ts';
import type { Snapshot } from './snapshot.ts';
import { EXTRACT_ARGS, noUsableTar, readTarMessages, tarEnvironment } from './tar-child.ts';
import { endOf, nameList, startTarOf } from './tar-list.ts';

/**
 * Copies what an overlay of unpacked layers, base first, would show into an empty directory. Throws
 * `UNSUPPORTED` without a usable tar program, `NO_SPACE`, `CANCELLED`.
 */
export async function copyLayers(
  layers: readonly Pick<Snapshot, 'directory' | 'opaque'>[],
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  const visible = await visibleNames(layers);
  const copyAll = async (kind: 'directories' | 'others') => {
    for (const [index, { directory }] of layers.entries())
      await copyNames(directory, target, visible[index]?.[kind] ?? [], signal);
  };
  await copyAll('directories');
  await copyAll('others');
  // What came into the directories has changed their times.
  await copyAll('directories');
}

async function copyNames(
  from: string,
  to: string,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  if (names.length === 0) return;
  throwIfCancelled(signal);
  const writer = startTarOf(from, signal);
  const reader = spawn('tar', [...EXTRACT_ARGS, '-f', '-', '-C', to], {
    env: tarEnvironment(),
    stdio: ['pipe', 'ignore', 'pipe'],
    ...(signal && { signal }),
  });
  try {
    const ends = Promise.all([endOf(writer), endOf(reader)]);
    const [written, read] = await withPipes(ends, [
      pipeline(Readable.from(nameList(names)), writer.stdin),
      pipeline(writer.stdout, reader.stdin),
    ]);
    for (const { stderr, status } of [written, read]) readTarMessages(stderr, status);
  } catch (error) {
    throwIfCancelled(signal);
    if (isErrno(error, 'ENOENT')) throw noUsableTar(error);
    throw error;
  } finally {
    writer.kill();
    reader.kill();
  }
}

/** What the programs say at their ends comes before what broke between them. */
async function withPipes<T>(ends: Promise<T>, pipes: readonly Promise<void>[]): Promise<T> {
  const piped = Promise.allSettled(pipes);
  const result = await ends;
  await piped;
  return result;
}
