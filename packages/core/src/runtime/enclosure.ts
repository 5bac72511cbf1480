import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { WherryError } from '../errors.ts';
import { OVERLAY_SOURCE } from '../rootfs/overlay-plan.ts';
import { needProgram, programEnv } from './program.ts';

/** One mount(8) in an enclosure. */
export interface EnclosedMount {
  readonly type: 'overlay' | 'tmpfs';
  /** The value of `-o`; paths in it are taken from `EnclosureRequest.links`. */
  readonly options: string;
  /** As `options` for a kernel that refuses them; absent: there is no other way. */
  readonly otherOptions?: string;
  /** An existing directory, absolute. */
  readonly target: string;
}

export interface EnclosureRequest {
  /** A directory of this enclosure alone, in which it makes the pipes `stdout` and `stderr`. */
  readonly directory: string;
  /** Where the programs run. */
  readonly links: string;
  /** In the order in which they are made. */
  readonly mounts: readonly EnclosedMount[];
  /** The command line to run, once `run` says so. */
  readonly command: readonly string[];
  /** A path that is there as long as `command` has left something, and what clears it away, in the shell's language. */
  readonly leftovers: { readonly path: string; readonly cleanup: string };
}

const MOUNT_REFUSED = 97;
const PIPES_REFUSED = 98;
const MAX_MESSAGE_CHARS = 64 * 1024;
/** What is no mount and comes after it has been told, or before. */
const MOUNTED = 'mounted';
/** There is a namespace: what comes to an end after that without a code of ours was killed. */
const BEGUN = 'begun';
/** Comes before the command's exit code: a killed shell looks to some releases of unshare(1) like one that failed. */
const ENDED = 'ended';

/**
 * Process 1 of its own namespace, as it makes sure before anything else: the last line of defence is a signal to all
 * processes that it sees. Its input is a line from us, that all is ready, and then never anything but its end, which
 * comes however we end: then the program and all that it has started are killed, and with the last process go the
 * mounts. It waits in the foreground, because a shell has its background programs ignore an interrupt. It has the pipes
 * open from the beginning, in both directions: opened for the program they would wait for us to be there, and of all
 * processes the first alone is not killed by that signal.
 */
const SCRIPT = `[ $$ = 1 ] || exit 99
echo ${BEGUN}
dir=$1 state=$2 cleanup=$3 count=$4
shift 4
while [ "$count" -gt 0 ]; do
  mount -t "$1" -o "$2" -- ${OVERLAY_SOURCE} "$4" 2>/dev/null ||
    mount -t "$1" -o "$3" -- ${OVERLAY_SOURCE} "$4" || exit ${MOUNT_REFUSED}
  shift 4
  count=$((count - 1))
done
mkfifo -m 600 "$dir/stdout" "$dir/stderr" || exit ${PIPES_REFUSED}
exec 4<>"$dir/stdout" 5<>"$dir/stderr"
echo ${MOUNTED}
read -r go || exit 96
exec 3<&0 </dev/null
{ read -r end; kill -KILL -1; } <&3 >/dev/null 2>&1 &
"$@" 3<&- >&4 2>&5 4>&- 5>&-
code=$?
[ ! -e "$state" ] || { eval "$cleanup"; } >/dev/null 2>&1
echo "${ENDED} $code"`;

/**
 * A place for one program with mounts and processes of its own: nobody else sees what is mounted there, and all of it
 * is gone when the program ends or we do, by a `SIGKILL` too. Only its directory stays.
 */
export class Enclosure implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #ended: Promise<number | null>;
  #said = '';
  #complaints = '';

  /** Throws `UNSUPPORTED` without the programs that it takes. */
  constructor(request: EnclosureRequest) {
    const unshare = needProgram('unshare', 'running containers');
    this.#child = spawn(
      unshare,
      [...UNSHARE_ARGS, '/bin/sh', '-c', SCRIPT, 'sh', ...scriptArguments(request)],
      {
        // Ctrl-C is for us to deal with.
        detached: true,
        cwd: request.links,
        stdio: ['pipe', 'pipe', 'pipe'],
        // The newer calls that mount(8) may take pass each option through 256 bytes.
        env: { ...programEnv(), LC_ALL: 'C', LIBMOUNT_FORCE_MOUNT2: 'always' },
      },
    );
    // It ended before it read what we wrote; its end tells why.
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(0, MAX_MESSAGE_CHARS);
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      // Not until the last process in it is gone, whatever became of the first.
      this.#child.once('close', (code) => resolve(code));
    });
    // It is looked at later.
    this.#ended.catch(() => undefined);
  }

  /**
   * Waits until all is mounted. Returns why not where mount(8) refuses; throws `UNSUPPORTED` where there can be no
   * enclosure at all, `INTERNAL` when it was killed.
   */
  async mounted(): Promise<string | undefined> {
    const isMounted = new Promise<boolean>((resolve, reject) => {
      this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
        this.#said = (this.#said + text).slice(0, MAX_MESSAGE_CHARS);
        if (this.#said.includes(MOUNTED)) resolve(true);
      });
      this.#ended.then(() => resolve(false), reject);
    });
    if (await isMounted) return undefined;
    const code = await this.#ended;
    const why = this.#complaints.trim().replace(/\s+/g, ' ');
    if (code === MOUNT_REFUSED) return why || 'there is no mount program';
    if (code === null || (this.#said.includes(BEGUN) && code !== PIPES_REFUSED))
      throw new WherryError('INTERNAL', 'cannot make a mount namespace: it was killed');
    throw new WherryError(
      'UNSUPPORTED',
      `cannot make a mount namespace: ${why || `unshare ended with ${code}`}`,
    );
  }

  /** Where we see the root of what is mounted there. */
  get seenAt(): string {
    return join('/proc', String(this.#child.pid), 'root');
  }

  /** Has the command run; resolves to its exit code, `undefined` when it was killed. */
  async run(): Promise<number | undefined> {
    this.#child.stdin.write('go\n');
    await this.#ended;
    const code = new RegExp(`^${ENDED} (\\d+)$`, 'm').exec(this.#said)?.[1];
    return code === undefined ? undefined : Number(code);
  }

  /** Kills all that runs in it. */
  kill(): void {
    this.#child.stdin.destroy();
  }

  /** Ends what runs there and waits for it; its mounts are gone then. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#ended.catch(() => undefined);
  }
}

/** Mounts of the host's that come and go are followed, none of ours is seen outside. */
const UNSHARE_ARGS = ['--mount-proc', '--pid', '--fork', '--propagation', 'slave', '--'];

function scriptArguments({ directory, mounts, command, leftovers }: EnclosureRequest): readonly string[] {
  const each = mounts.flatMap(({ type, options, otherOptions = options, target }) => [
    ...[type, options, otherOptions, target],
  ]);
  return [directory, leftovers.path, leftovers.cleanup, String(mounts.length), ...each, ...command];
}
