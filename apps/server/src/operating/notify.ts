import { execFile } from 'node:child_process';

const NOTIFY_MS = 5_000;

/** Tells the service manager something, if there is one that listens; resolves once it is told. */
export type Notify = (state: 'READY=1' | 'STOPPING=1') => Promise<void>;

/**
 * Takes systemd's socket for news of this service out of `env`: programs we start must not speak for it. Node
 * cannot send datagrams to Unix sockets, so that systemd's own program does. sd_notify(3).
 */
export function takeNotify(env: Record<string, string | undefined>, program = 'systemd-notify'): Notify {
  const { NOTIFY_SOCKET: socket, PATH } = env;
  delete env.NOTIFY_SOCKET;
  if (socket === undefined || socket === '') return async () => {};
  return (state) =>
    new Promise((resolve) => {
      const options = { env: { PATH, NOTIFY_SOCKET: socket }, timeout: NOTIFY_MS };
      // Where it is missing, the manager learns nothing, and the service is none the worse for it.
      execFile(program, [state], options, () => resolve());
    });
}
