import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isErrno } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { CommandError, fileError } from '../errors.ts';
import { variantsFlag } from './platform-flag.ts';

/** Only the user may read an archive, as with Docker. */
const ARCHIVE_MODE = 0o600;

/** `wherry save`: images as an archive, to a file or to standard output. */
export async function run(context: CommandContext): Promise<number> {
  const { args, flags, io, signal } = context;
  const platforms = variantsFlag(flags, 'invalid platform: ');
  const output = flags.string('output') ?? '';
  if (output === '' && io.stdout.isTTY)
    throw new CommandError('cowardly refusing to save to a terminal. Use the -o flag or redirect');
  const isPipe = output !== '' && (await requireWritable(output)) === 'pipe';
  const engine = await context.engine();
  const since = flags.list('since');
  const request = {
    images: args,
    ...(flags.bool('uncompressed') ? { uncompressed: true } : {}),
    ...(since.length > 0 ? { since } : {}),
    ...platforms,
  };
  const archive = engine.save(request, { signal });
  if (output === '') for await (const chunk of archive) await io.stdout.writeBytes(chunk);
  else if (isPipe) await writePipe(output, archive);
  else await writeFile(resolve(output), archive);
  return 0;
}

/** Throws for what no archive is written to. docker/cli, `command.ValidateOutputPath`. */
async function requireWritable(path: string): Promise<'file' | 'pipe'> {
  const directory = dirname(path);
  if (!(await statOf(directory))?.isDirectory())
    throw new CommandError(
      `failed to save image: invalid output path: directory "${directory}" does not exist`,
    );
  const stats = await statOf(path);
  const kind = stats?.isDirectory()
    ? 'directory'
    : stats?.isCharacterDevice()
      ? 'character device file'
      : stats?.isBlockDevice()
        ? 'block device file'
        : undefined;
  if (kind !== undefined) throw new CommandError(`failed to save image: cannot write to a ${kind}`);
  return stats === undefined || stats.isFile() ? 'file' : 'pipe';
}

async function statOf(path: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw fileError(error, 'stat', path);
  }
}

/** The file appears whole or not at all. */
async function writeFile(path: string, archive: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = join(dirname(path), `.wherry_temp_${randomBytes(6).toString('hex')}`);
  const file = await openFile(temporary, 'wx');
  try {
    try {
      await writeAll(file, archive, path);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** What is no regular file, such as a named pipe, is written to as it is: renaming would replace it. */
async function writePipe(path: string, archive: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await openFile(path, 'w');
  try {
    await writeAll(file, archive, path);
  } finally {
    await file.close();
  }
}

async function openFile(path: string, flag: 'w' | 'wx'): Promise<FileHandle> {
  try {
    return await open(path, flag, ARCHIVE_MODE);
  } catch (error) {
    throw fileError(error, 'open', path);
  }
}

async function writeAll(file: FileHandle, archive: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  for await (const chunk of archive) {
    for (let offset = 0; offset < chunk.length; ) {
      try {
        offset += (await file.write(chunk, offset)).bytesWritten;
      } catch (error) {
        throw fileError(error, 'write', path);
      }
    }
  }
}
