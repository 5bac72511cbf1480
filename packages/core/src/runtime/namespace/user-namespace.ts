import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { makeStoreDirectory } from '../../content/durable-file.ts';
import { acquireFileLock } from '../../content/file-lock.ts';
import { isErrno, WherryError } from '../../errors.ts';
import { detectOwnership } from '../../rootfs/privileges.ts';
import { replaceFile } from '../../rootfs/replace-file.ts';
import { currentBootID } from '../../rootfs/snapshots/snapshot-record.ts';
import { identifyProcess, isProcessAlive, type ProcessIdentity } from '../process-identity.ts';
import { needProgram } from '../program.ts';
import { namespaceOf } from './host-processes.ts';
import { findOtherIn, holdOwnNamespace, isNamespaceShared, startNamespace } from './namespace-holder.ts';
import { namespaceDirectory, namespaceRuntimeDirectory } from './namespace-places.ts';
import { ownUserName, planRootless, readRootlessFacts } from './rootless.ts';

/**
 * Runs a command line in a process's namespaces: `$1` is the directory of them, `$2` nsenter(1), `$3` the directory to
 * be in, which may not be seen there; IDs stay as they are. Descriptors keep the namespaces, should the process end
 * now. Where it has ended the command line runs outside, and looks for a namespace once more. Nothing is assigned:
 * the environment is the user's.
 */
const ENTER = `if { command exec 8<"$1/user" && command exec 9<"$1/mnt"; } 2>/dev/null; then
  exec "$2" --user=/proc/self/fd/8 --mount=/proc/self/fd/9 --preserve-credentials -- \\
    /bin/sh -c 'cd -- "$3" 2>/dev/null; shift 3; exec "$@" 8<&- 9<&-' sh "$@"
fi
shift 3
exec "$@"`;

/** Of files that name processes on their way in, or out. */
type Notice = 'coming' | 'leaving';

/** Set for a command line that runs in a store's namespace: the store's root. */
const MARK = 'WHERRY_NAMESPACE';

/**
 * The user and mount namespace in which an ordinary user's containers of one store live: layers are unpacked,
 * overlays mounted and containers run in it, by processes that are root there. One for all, so that each command
 * sees the mounts of the others and can reach every container. It is there as long as somebody is in it: the
 * first command makes it, with a process that holds it, and the last one ends that.
 */
export class UserNamespace {
  readonly #root: string;
  readonly #directory: string;

  /** `root`: that of the store, absolute. */
  constructor(root: string) {
    this.#root = root;
    this.#directory = namespaceDirectory(root);
  }

  /** Tells whether this process was started by `enter`. */
  get isInside(): boolean {
    return process.env[MARK] === this.#root && detectOwnership() === 'namespace';
  }

  /**
   * Goes on as `command` in the namespace, which is made if need be: this process is replaced, with its ID,
   * streams, terminal and environment. Throws `UNSUPPORTED` in one line where the system does not allow it.
   */
  async enter(command: readonly string[], env: NodeJS.ProcessEnv): Promise<never> {
    const nsenter = needProgram('nsenter', 'running containers without root');
    if (process.execve === undefined)
      throw new WherryError('UNSUPPORTED', 'running containers without root needs Linux');
    const holder = await this.#locked(() => this.#findOrStart());
    const places = [`/proc/${holder}/ns`, nsenter, currentDirectory()];
    return process.execve('/bin/sh', ['sh', '-c', ENTER, 'sh', ...places, ...command], {
      ...env,
      // By the name runc tells root in a user namespace from the real one, even where it was inherited from that.
      USER: ownUserName(),
      // Inside, the user's own would be root's.
      HOME: env.HOME || homedir(),
      [MARK]: this.#root,
    });
  }

  /**
   * Makes sure that other commands find the namespace we are in: its holder may have been killed before or while
   * we came in. Throws `CONFLICT` when others have made another one since.
   */
  async keep(): Promise<void> {
    await this.#locked(async () => {
      rmSync(this.#noticePath('coming', process.pid), { force: true });
      const holder = this.#holder();
      if (holder === undefined) await this.#record(await holdOwnNamespace());
      else if (!isWithUs(holder))
        throw new WherryError('CONFLICT', 'the namespace of the containers was made anew meanwhile', {
          hint: 'try again',
        });
    });
  }

  /**
   * Ends the namespace that we are in, unless others are in it, or on their way. We do nothing in it any more, though
   * our end may take a while.
   */
  async leave(): Promise<void> {
    if (detectOwnership() !== 'namespace' || this.#holder() === undefined) return;
    await this.#locked(async () => {
      const holder = this.#holder();
      if (holder === undefined || !isWithUs(holder)) return;
      const leaving = this.#noticed('leaving');
      const isNeeded = this.#noticed('coming').length > 0;
      if (isNeeded || isNamespaceShared(this.#containers, new Set([holder, ...leaving])))
        return await this.#give('leaving');
      process.kill(holder, 'SIGKILL');
      rmSync(this.#recordPath);
      for (const pid of leaving) rmSync(this.#noticePath('leaving', pid), { force: true });
    });
  }

  async #findOrStart(): Promise<number> {
    // Nobody ends it from now on, and we are the same process when we are in.
    await this.#give('coming');
    try {
      const found = this.#holder() ?? findOtherIn(this.#containers);
      if (found !== undefined) return found;
      this.#forgetLastBoot();
      const holder = await startNamespace(planRootless(readRootlessFacts()));
      await this.#record(holder);
      return holder;
    } catch (error) {
      rmSync(this.#noticePath('coming', process.pid), { force: true });
      throw error;
    }
  }

  /** The runtime's state outlives a restart of the machine, and the containers do not. */
  #forgetLastBoot(): void {
    const recorded = recordedProcess(this.#recordPath);
    if (recorded === undefined || recorded.bootId === currentBootID()) return;
    rmSync(namespaceRuntimeDirectory(this.#root), { recursive: true, force: true });
  }

  async #record(pid: number): Promise<void> {
    await replaceFile(this.#recordPath, JSON.stringify(identifyProcess(pid)));
  }

  #holder(): number | undefined {
    return livingProcess(this.#recordPath)?.pid;
  }

  /** Says what this process is about to do. */
  async #give(notice: Notice): Promise<void> {
    await replaceFile(this.#noticePath(notice, process.pid), JSON.stringify(identifyProcess(process.pid)));
  }

  /** The processes that have said so and still run. Clears away what the others left. */
  #noticed(notice: Notice): number[] {
    const names = readdirSync(this.#directory).filter((name) => name.startsWith(`${notice}-`));
    return names.flatMap((name) => {
      const path = join(this.#directory, name);
      const identity = livingProcess(path);
      if (identity === undefined) rmSync(path, { force: true });
      return identity ? [identity.pid] : [];
    });
  }

  #noticePath(notice: Notice, pid: number): string {
    return join(this.#directory, `${notice}-${pid}`);
  }

  /** Where the directories of the containers are. */
  get #containers(): string {
    return join(this.#root, 'containers');
  }

  get #recordPath(): string {
    return join(this.#directory, 'holder.json');
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    await makeStoreDirectory(this.#directory);
    const lock = await acquireFileLock(join(this.#directory, 'lock'));
    try {
      return await work();
    } finally {
      lock.release({ remove: true });
    }
  }
}

function isWithUs(pid: number): boolean {
  return namespaceOf(pid, 'user') === namespaceOf(process.pid, 'user');
}

/** The process that a file names, if it still runs. */
function livingProcess(path: string): ProcessIdentity | undefined {
  const identity = recordedProcess(path);
  return identity && isProcessAlive(identity) ? identity : undefined;
}

function recordedProcess(path: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity;
  } catch (error) {
    // What was cut off by a loss of power names none.
    if (isErrno(error, 'ENOENT') || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** One that was removed under us is nowhere to be. */
function currentDirectory(): string {
  try {
    return process.cwd();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '/';
    throw error;
  }
}
