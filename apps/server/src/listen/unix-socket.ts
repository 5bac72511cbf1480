import { chmod, chown, lstat, readFile, rm } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { isErrno, WherryError } from '@wherry/core';

const SOCKET_MODE = 0o660;
/** Nobody may connect before the socket has its mode and group. */
const CLOSED_UMASK = 0o177;

/**
 * Listens on a Unix socket that its owner and its group may connect to. A socket that a killed process has left
 * is replaced. Throws `CONFLICT` when somebody answers there or something else is in the place.
 */
export async function listenOnSocket(server: Server, path: string, group: string | undefined): Promise<void> {
  const gid = group === undefined ? undefined : await groupId(group);
  try {
    await bind(server, path);
  } catch (cause) {
    // Node says this of a directory that is missing, too.
    if (isErrno(cause, 'EACCES', 'ENOENT')) throw await unmakable(path, cause);
    if (!isErrno(cause, 'EADDRINUSE')) throw cause;
    await removeStale(path, cause);
    await bind(server, path);
  }
  try {
    if (gid !== undefined) await chown(path, -1, gid);
    await chmod(path, SOCKET_MODE);
  } catch (cause) {
    server.close();
    throw new WherryError('PERMISSION_DENIED', `${path} cannot be given to the group ${group ?? ''}`.trim(), {
      cause,
    });
  }
}

async function bind(server: Server, path: string): Promise<void> {
  const listening = new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
  });
  // The file is made within this call.
  const mask = process.umask(CLOSED_UMASK);
  try {
    server.listen({ path });
  } finally {
    process.umask(mask);
  }
  await listening;
}

async function unmakable(path: string, cause: unknown): Promise<WherryError> {
  const directory = dirname(path);
  const isThere = await lstat(directory).then(
    () => true,
    (error) => !isErrno(error, 'ENOENT'),
  );
  if (!isThere)
    return new WherryError('FILE_NOT_FOUND', `address ${path}: there is no directory ${directory}`, {
      cause,
    });
  return new WherryError('PERMISSION_DENIED', `address ${path}: permission denied`, { cause });
}

async function removeStale(path: string, cause: unknown): Promise<void> {
  const taken = (problem: string) => new WherryError('CONFLICT', `address ${path} ${problem}`, { cause });
  const found = await lstat(path);
  if (!found.isSocket()) throw taken('is in use: a file is there that is no socket');
  if (await answers(path)) throw taken('is in use');
  await rm(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      if (isErrno(error, 'ECONNREFUSED', 'ENOENT')) resolve(false);
      // A queue that is full is somebody's, and so is what we may not connect to.
      else if (isErrno(error, 'EAGAIN', 'EACCES')) resolve(true);
      else reject(error);
    });
  });
}

/** The number of a group. Throws `INVALID_ARGUMENT` when there is none of the name. */
async function groupId(group: string): Promise<number> {
  if (/^\d+$/.test(group)) return Number(group);
  const lines = (await readFile('/etc/group', 'utf8')).split('\n').map((line) => line.split(':'));
  const id = lines.find(([name]) => name === group)?.[2];
  if (id === undefined)
    throw new WherryError('INVALID_ARGUMENT', `there is no group ${JSON.stringify(group)}`);
  return Number(id);
}
