import { readFile, readlink } from 'node:fs/promises';
import { WherryError } from '@wherry/core';

type Environment = Record<string, string | undefined>;

const FIRST_FD = 3;
const MAX_FDS = 64;

/**
 * Takes the sockets that systemd has opened for this process, as file descriptors; none when it has not. What
 * says so is taken out of `env`: programs we start must not believe that it is meant for them. Throws
 * `INVALID_ARGUMENT` for a number that is none. sd_listen_fds(3).
 */
export function takeActivatedSockets(env: Environment, pid: number = process.pid): number[] {
  const { LISTEN_FDS: count, LISTEN_PID: owner } = env;
  for (const name of ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES']) delete env[name];
  if (count === undefined || Number(owner) !== pid) return [];
  const fds = Number(count);
  if (!/^\d+$/.test(count) || fds > MAX_FDS)
    throw new WherryError(
      'INVALID_ARGUMENT',
      `LISTEN_FDS is ${JSON.stringify(count)}, want a number up to ${MAX_FDS}`,
    );
  return Array.from({ length: fds }, (_, index) => FIRST_FD + index);
}

/**
 * Where the Unix socket of a file descriptor is; `undefined`: it is no Unix socket. Node does not tell for one
 * that it has not opened. proc(5), `/proc/net/unix`; unix(7) for sockets without a path, which are shown as `@`.
 */
export async function unixPathOf(fd: number): Promise<string | undefined> {
  const inode = /^socket:\[(\d+)\]$/.exec(await readlink(`/proc/self/fd/${fd}`))?.[1];
  const lines = (await readFile('/proc/self/net/unix', 'utf8')).split('\n');
  const fields = lines.map((line) => line.trim().split(/\s+/)).find((line) => line[6] === inode);
  return inode === undefined || fields === undefined ? undefined : fields.slice(7).join(' ');
}
