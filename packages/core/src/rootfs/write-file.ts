import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  lchownSync,
  lutimesSync,
  openSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ByteSource } from '../bytes/byte-source.ts';
import { concatBytes } from '../bytes/concat.ts';
import { isErrno, throwIfCancelled, WherryError } from '../errors.ts';
import type { TarEntry } from '../tar/scanner.ts';
import { encodeTarHeader, tarEnd, writeTarEntry } from '../tar/writer.ts';
import { runProgram } from './run-program.ts';
import { pathIn } from './scoped-walk.ts';
import { EXTRACT_ARGS, noUsableTar, readTarMessages, tarEnvironment } from './tar-child.ts';
import { endOf } from './tar-list.ts';
import { extract } from './unpack/staged-entries.ts';

const CREATE_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Linux open(2) O_PATH, which Node does not name: a descriptor that neither reads a device nor follows a link. */
const OPEN_PATH = 0o10000000 | constants.O_NOFOLLOW;
const PRIVATE_MODE = 0o600;
const NS_PER_MS = 1e6;
const MIN_SECONDS = -8.64e12;

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

type Times = Pick<TarEntry, 'mtime' | 'mtimeNs'>;
type FileEntry = Owner & Times & Pick<TarEntry, 'mode' | 'size'>;

/** A name that nothing has, for what is not whole yet. */
export function temporaryName(): string {
  return `.wherry-${randomUUID()}`;
}

/**
 * Sets what is given of the file behind a descriptor: through its entry in /proc, which no swap of names leads
 * elsewhere. Owner before mode: a change of owner takes setuid and setgid away.
 */
export function setAttributes(
  fd: number,
  { owner, mode, ...times }: Partial<Times> & { readonly owner?: Owner; readonly mode?: number },
): void {
  const path = `/proc/self/fd/${fd}`;
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
  if (mode !== undefined) chmodSync(path, mode);
  if (times.mtime === undefined) return;
  const time = toTime({ mtime: times.mtime, mtimeNs: times.mtimeNs ?? 0 });
  utimesSync(path, time, time);
}

export function setLinkAttributes(directory: number, name: string, { uid, gid }: Owner, times: Times): void {
  const time = toTime(times);
  lchownSync(pathIn(directory, name), uid, gid);
  lutimesSync(pathIn(directory, name), time, time);
}

/** Sets extended attributes of an open directory. Returns those that were refused. */
export function setDirectoryXattrs(
  fd: number,
  { mode, uid, gid, mtime, mtimeNs, xattrs }: Omit<FileEntry, 'size'> & Required<Pick<TarEntry, 'xattrs'>>,
): string[] {
  // Its descriptor stands for its name, so nothing can lead tar elsewhere.
  const entry = { name: `${fd}/.`, type: 'directory', mode, uid, gid, mtime, mtimeNs, xattrs } as const;
  return extract(
    ['-f', '-', '-C', `/proc/${process.pid}/fd`],
    concatBytes([encodeTarHeader(entry), tarEnd()]),
  );
}

/** Writes a file that is not there yet. Throws what the system does, `CANCELLED`. */
export async function writeFileIn(
  directory: number,
  name: string,
  { mode, mtime, mtimeNs, uid, gid }: FileEntry,
  body: ByteSource,
  signal?: AbortSignal,
): Promise<void> {
  const fd = openSync(pathIn(directory, name), CREATE_FILE, PRIVATE_MODE);
  try {
    for await (const chunk of body) {
      throwIfCancelled(signal);
      for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
    }
    setAttributes(fd, { owner: { uid, gid }, mode, mtime, mtimeNs });
  } finally {
    closeSync(fd);
  }
}

/**
 * As `writeFileIn`, with extended attributes, which `tar` sets by the file's name: nobody else may change the
 * directory meanwhile. Returns those that were refused.
 */
export async function writeFileWithXattrs(
  directory: number,
  name: string,
  { mode, uid, gid, size, mtime, mtimeNs, xattrs }: FileEntry & Required<Pick<TarEntry, 'xattrs'>>,
  body: ByteSource,
  signal?: AbortSignal,
): Promise<string[]> {
  const child = spawn('tar', [...EXTRACT_ARGS, '-f', '-', '-C', `/proc/${process.pid}/fd/${directory}`], {
    env: tarEnvironment(),
    stdio: ['pipe', 'ignore', 'pipe'],
    ...(signal && { signal }),
  });
  const entry = { name, type: 'file', mode, uid, gid, size, mtime, mtimeNs, xattrs } as const;
  async function* archive(): ByteSource {
    yield* writeTarEntry(entry, body);
    yield tarEnd();
  }
  const [ended, sent] = await Promise.allSettled([
    endOf(child),
    pipeline(Readable.from(archive()), child.stdin),
  ]);
  throwIfCancelled(signal);
  if (ended.status === 'rejected')
    throw isErrno(ended.reason, 'ENOENT') ? noUsableTar(ended.reason) : ended.reason;
  // What broke the archive off explains what tar says of its end.
  if (sent.status === 'rejected' && !isErrno(sent.reason, 'EPIPE')) throw sent.reason;
  return readTarMessages(ended.value.stderr, ended.value.status);
}

/** Makes a device or a FIFO. Throws `PERMISSION_DENIED` where that is root's, `INTERNAL`. */
export async function makeSpecialFile(
  directory: number,
  name: string,
  { type, devMajor, devMinor, mode, mtime, mtimeNs }: TarEntry,
  { uid, gid }: Owner,
): Promise<void> {
  const numbers =
    type === 'fifo' ? ['p'] : [type === 'block' ? 'b' : 'c', String(devMajor), String(devMinor)];
  const { status, stderr } = await runProgram('mknod', ['--', `./${name}`, ...numbers], {
    cwd: `/proc/${process.pid}/fd/${directory}`,
  });
  if (status !== 0) {
    const isDenied = /Operation not permitted/.test(stderr);
    throw new WherryError(isDenied ? 'PERMISSION_DENIED' : 'INTERNAL', stderr || 'there is no mknod program');
  }
  const fd = openSync(pathIn(directory, name), OPEN_PATH);
  try {
    setAttributes(fd, { owner: { uid, gid }, mode, mtime, mtimeNs });
  } finally {
    closeSync(fd);
  }
}

/**
 * A time as Node takes it. Of a number below zero Node makes the time that it is now, and a `Date` goes back no further
 * than this.
 */
export function toTime({ mtime: seconds, mtimeNs }: Times): Date | number {
  const mtime = Math.max(seconds, MIN_SECONDS);
  return mtime < 0 ? new Date(mtime * 1000 + mtimeNs / NS_PER_MS) : mtime + mtimeNs / 1e9;
}
