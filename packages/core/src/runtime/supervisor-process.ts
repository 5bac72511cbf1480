import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { WherryError } from '../errors.ts';
import { OVERLAY_SOURCE } from '../rootfs/overlay-plan.ts';
import type { ContainerPaths } from './container-directory.ts';
import { shellQuoted, terminalCommand } from './monitor/terminal.ts';
import { needProgram, programEnv } from './program.ts';
import type { Runtime } from './runtime.ts';

/** How a container's input behaves. */
export type StdinMode =
  /** There is none. */
  | 'none'
  /** It ends when who is attached first ends it. */
  | 'once'
  /** It stays open until the container ends. */
  | 'open';

export interface SuperviseRequest {
  readonly runtime: Runtime;
  readonly id: string;
  readonly paths: ContainerPaths;
  readonly stdin: StdinMode;
  /** A terminal is put between us and the container. */
  readonly tty?: { readonly rows: number; readonly columns: number };
  /** The file of the memory cgroup that counts kills, for a container with a limit. */
  readonly memoryEvents?: string;
  /** The root file system, to be mounted where only the supervisor and the container see it; absent: it is there. */
  readonly overlay?: SupervisedOverlay;
  /**
   * Makes the bundle, once the root file system is there; `seenAt` is where we see the root of what is mounted, as
   * `writeBundle` takes it. Absent: it is made.
   */
  readonly prepare?: (seenAt: string) => Promise<void>;
}

export interface SupervisedOverlay {
  /** Where mount(8) runs. */
  readonly links: string;
  /** The value of `-o`. */
  readonly options: string;
  /** An existing directory, absolute. */
  readonly target: string;
}

/** What the supervisor says when there are a root file system and pipes, and its end when there can be none. */
const READY = 'ready';

/**
 * Mounts the root file system if it is to be its own, makes the pipes, and goes on when we say so, by a line; our end
 * before that is its end. It has the pipes open from the beginning, in both directions: that tells that somebody is at
 * work on the container, and without a monitor there is no SIGPIPE. Then it waits for the runtime's end, and writes the
 * exit code. A shell is a hundredth of what a Node process takes, and it outlives us. A runtime that was killed still
 * knows the container, whose process would go on without anybody: it ends too, and as long as it does not, no end is
 * written. The file is there already, blank, so that its few bytes find their place on a full disk. The shell sets no
 * traps: an ignored signal would be ignored in the container too.
 */
const SCRIPT = `dir=$1 events=$2 state=$3 cleanup=$4 stdin=$5 options=$6 target=$7
shift 7
[ -z "$target" ] || mount -t overlay -o "$options" -- ${OVERLAY_SOURCE} "$target" || exit 97
if [ "$stdin" = none ]; then mkfifo -m 600 "$dir/stdout" "$dir/stderr" || exit 98
else mkfifo -m 600 "$dir/stdout" "$dir/stderr" "$dir/stdin" || exit 98; fi
exec 4<>"$dir/stdout" 5<>"$dir/stderr"
[ "$stdin" = none ] || exec 6<>"$dir/stdin"
echo ${READY}
read -r go || exit 96
cd /
exec 1>&4 2>&5 4>&- 5>&-
case $stdin in
  none) exec </dev/null ;;
  once) exec <"$dir/stdin" 6>&- ;;
  open) exec <"$dir/stdin" 3<&6 6>&- ;;
esac
"$@"
code=$?
[ -z "$events" ] || cat "$events" >"$dir/memory-events" 2>/dev/null
tries=3
while [ -e "$state" ] && [ $tries -gt 0 ]; do
  eval "$cleanup" >/dev/null 2>&1
  tries=$((tries - 1))
done
[ -e "$state" ] || echo "$code" 1<>"$dir/exit"`;

/** The shell that starts and outlives the runtime, from our side. */
export class Supervisor {
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  /** Where we see the root of what it sees mounted. */
  readonly seenAt: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;

  constructor(request: SuperviseRequest, stdin: StdinMode) {
    const shell = ['/bin/sh', '-c', SCRIPT, 'sh', ...scriptArguments(request, stdin)];
    const { overlay } = request;
    const [program = '', ...args] = overlay ? [...inOwnMounts(), ...shell] : shell;
    this.#child = spawn(program, args, {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(overlay && { cwd: overlay.links }),
      // The newer calls that mount(8) may take pass each option through 256 bytes.
      env: { ...programEnv(), SHELL: '/bin/sh', ...(overlay && { LIBMOUNT_FORCE_MOUNT2: 'always' }) },
    });
    this.seenAt = overlay ? `/proc/${this.#child.pid}/root` : '';
    this.ended = new Promise<void>((resolve, reject) => {
      this.#child.once('exit', () => resolve());
      this.#child.once('error', reject);
    });
    // It ended before it read what we wrote; its end tells.
    this.#child.stdin.on('error', () => undefined);
  }

  /** Waits for pipes and root file system; why the latter cannot be mounted, if it cannot. */
  async ready(): Promise<string | undefined> {
    const { stdout, stderr } = this.#child;
    let complaints = '';
    stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    const isReady = await new Promise<boolean>((resolve, reject) => {
      stdout.once('data', () => resolve(true));
      this.#child.once('close', () => resolve(false));
      this.ended.catch(reject);
    });
    if (isReady) return undefined;
    const why = complaints.trim().replace(/\s+/g, ' ');
    if (this.seenAt !== '') return why || 'it was killed';
    throw supervisorFailed(why || 'it was killed');
  }

  /** Whether it has ended, by a signal: of its own it ends with an exit code. */
  get wasKilled(): boolean {
    return this.#child.signalCode !== null;
  }

  go(): void {
    this.#child.stdin.end('go\n');
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
    // It outlives us. Before, we would end with it, should it be killed.
    this.#child.unref();
  }

  /** Ends one that has not been told to go. */
  dismiss(): void {
    for (const pipe of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) pipe.destroy();
    this.#child.unref();
  }
}

export function supervisorFailed(
  why: string,
  { exitCode, cause }: { readonly exitCode?: number; readonly cause?: unknown } = {},
): WherryError {
  return new WherryError('INTERNAL', `the supervisor of the container failed: ${why}`, {
    cause,
    ...(exitCode !== undefined && { details: { exitCode } }),
  });
}

/** What the machine mounts later shall be seen by the container too; what is mounted there stays there. */
function inOwnMounts(): readonly string[] {
  return [needProgram('unshare', 'running containers'), '--mount', '--propagation', 'slave', '--'];
}

/** Tells by a process's arguments, a NUL after each, whether it is the supervisor of a container in `directory`. */
export function isSupervisorIn(directory: string, commandLine: string): boolean {
  const [, flag, script, , container = ''] = commandLine.split('\0');
  return flag === '-c' && script === SCRIPT && container.startsWith(`${directory}/`);
}

function scriptArguments(
  { runtime, id, paths, tty, memoryEvents, overlay }: SuperviseRequest,
  stdin: StdinMode,
): readonly string[] {
  const command = runtime.runCommand({
    id,
    bundle: paths.bundle,
    pidFile: paths.pid,
    logFile: paths.runtimeLog,
    ...(memoryEvents !== undefined && { keep: true }),
  });
  return [
    paths.directory,
    memoryEvents ?? '',
    runtime.statePath(id),
    runtime.deleteCommand(id).map(shellQuoted).join(' '),
    stdin,
    overlay?.options ?? '',
    overlay?.target ?? '',
    ...(tty ? terminalCommand(command, tty, paths.terminal) : command),
  ];
}
