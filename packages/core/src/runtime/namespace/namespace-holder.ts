import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { identifyProcess } from '../process-identity.ts';
import { programEnv, runProgram } from '../program.ts';
import { isSupervisorIn } from '../supervisor-process.ts';
import { commandLineOf, namespaceOf, parentOf, processIds, unlessGone } from './host-processes.ts';
import { idsRefused, namespaceRefused, type RootlessPlan, readNamespaceSettings } from './rootless.ts';

/** Says that it is there, then sleeps, for some 68 years: `infinity` is not known everywhere. */
const HOLD = 'echo; exec sleep 2147483647 >/dev/null 2>&1';

/**
 * Starts a process that does nothing but keep a new user and mount namespace, in which the user is root, and
 * returns its ID. It outlives us. Throws `UNSUPPORTED` in one line where the system does not let it happen.
 */
export async function startNamespace({ unshare, maps }: RootlessPlan): Promise<number> {
  // What the machine mounts later shall be seen inside; what is mounted inside stays there.
  const flags = ['--user', '--mount', '--propagation', 'slave'];
  const own = maps.length === 0 ? ['--map-root-user'] : [];
  const pid = await startHolder(unshare, [...flags, ...own, '--', '/bin/sh', '-c', HOLD]);
  for (const { program, ids } of maps) {
    const { code, stderr } = await runProgram(program, [String(pid), ...ids]);
    if (code === 0) continue;
    process.kill(pid, 'SIGKILL');
    throw idsRefused(stderr);
  }
  return pid;
}

/** Starts another process that keeps the namespace we are in. */
export async function holdOwnNamespace(): Promise<number> {
  return await startHolder('/bin/sh', ['-c', HOLD]);
}

/**
 * Tells whether others work in our namespace, beside the processes that are named. Those that are about to end do
 * not count: the monitor that has started us as its last deed, and supervisors in `directory` that have noted the end
 * of their container.
 */
export function isNamespaceShared(directory: string, unless: ReadonlySet<number>): boolean {
  const own = namespaceOf(process.pid, 'user');
  const ids = processIds();
  const isBusy = (supervisor: number) => ids.some((pid) => parentOf(pid) === supervisor);
  return ids.some(
    (pid) =>
      pid !== process.pid &&
      pid !== process.ppid &&
      !unless.has(pid) &&
      namespaceOf(pid, 'user') === own &&
      identifyProcess(pid) !== undefined &&
      (!isSupervisorIn(directory, commandLineOf(pid)) || isBusy(pid)),
  );
}

/**
 * Finds a process in another user namespace that works for what lies in `directory`, which its command line names, as
 * supervisors and monitors do: a namespace whose holder was killed is found by it. Whatever a container calls itself,
 * it is none of them: it sees other processes, and other files.
 */
export function findOtherIn(directory: string): number | undefined {
  const [user, pids] = [namespaceOf(process.pid, 'user'), namespaceOf(process.pid, 'pid')];
  return processIds().find((pid) => {
    if (!commandLineOf(pid).includes(`${directory}/`)) return false;
    const found = namespaceOf(pid, 'user');
    if (found === undefined || found === user || namespaceOf(pid, 'pid') !== pids) return false;
    return identityOf(join(`/proc/${pid}/root`, directory)) === identityOf(directory);
  });
}

function identityOf(path: string): string | undefined {
  const found = unlessGone(() => statSync(path, { bigint: true }));
  return found && `${found.dev}:${found.ino}`;
}

async function startHolder(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(program, args, {
    detached: true,
    // Not to keep a directory busy.
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: programEnv(),
  });
  const said = textOf(child.stderr);
  const isThere = await new Promise<boolean>((resolve, reject) => {
    child.once('error', reject);
    child.stdout.once('data', () => resolve(true));
    child.once('close', () => resolve(false));
  });
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
  if (!isThere || child.pid === undefined) throw namespaceRefused(said(), readNamespaceSettings());
  return child.pid;
}

function textOf(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}
