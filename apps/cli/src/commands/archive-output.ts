import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isErrno } from '@wherry/core';
import { CommandError, fileError } from '../errors.ts';
import type { Io } from '../io.ts';

/** Only the user may read an archive, as with Docker. */
const ARCHIVE_MODE = 0o600;

/** Where an archive goes: a file that appears whole, a pipe or the like, or standard output. */
export interface ArchiveOutput {
  readonly path: string;
  readonly kind: 'file' | 'pipe' | 'stdout';
}

/** What differs between commands in what they say of a path. */
export interface OutputWords {
  /** Such as `failed to save image: `. */
  readonly failure: string;
  /** What is said of a directory that is not there. */
  missing(directory: string): string;
}

/** Settles where `-o` sends an archive; `''`: to standard output, unless that is a terminal. Throws as Docker does. */
export async function archiveOutput(
  path: string,
  { stdout }: Io,
  words: OutputWords,
): Promise<ArchiveOutput> {
  if (path === '' && stdout.isTTY)
    throw new CommandError('cowardly refusing to save to a terminal. Use the -o flag or redirect');
  return { path, kind: path === '' ? 'stdout' : await requireWritable(path, words) };
}

export async function writeArchive(
  { path, kind }: ArchiveOutput,
  archive: AsyncIterable<Uint8Array>,
  { stdout }: Io,
): Promise<void> {
  if (kind === 'stdout') for await (const chunk of archive) await stdout.writeBytes(chunk);
  else if (kind === 'pipe') await writePipe(path, archive);
  else await writeFile(resolve(path), archive);
}

/** Throws for what no archive is written to. docker/cli, `command.ValidateOutputPath`. */
async function requireWritable(path: string, words: OutputWords): Promise<'file' | 'pipe'> {
  const directory = dirname(path);
  if (!(await statOf(directory))?.isDirectory())
    throw new CommandError(`${words.failure}invalid output path: ${words.missing(directory)}`);
  const stats = await statOf(path);
  const kind = stats?.isDirectory()
    ? 'directory'
    : stats?.isCharacterDevice()
      ? 'character device file'
      : stats?.isBlockDevice()
        ? 'block device file'
        : undefined;
  if (kind !== undefined) throw new CommandError(`${words.failure}cannot write to a ${kind}`);
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
