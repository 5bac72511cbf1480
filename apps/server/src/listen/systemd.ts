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
