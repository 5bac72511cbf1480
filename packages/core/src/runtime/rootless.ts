import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { isErrno, WherryError } from '../errors.ts';
import { findProgram, runProgram } from './program.ts';

/** How an ordinary user gets to be root in a user namespace of their own. */
export interface RootlessPlan {
  /** The command line to put before one's own: what it starts sees itself as root. */
  readonly prefix: readonly string[];
  /** Only one user and one group exist there: images with files of others can't be unpacked as they are. */
  readonly isSingleUser: boolean;
}

export interface RootlessFacts {
  readonly uid: number;
  readonly userName: string;
  /** Texts of `/etc/subuid` and `/etc/subgid`. */
  readonly subuid: string;
  readonly subgid: string;
  /** Programs that were found. */
  readonly unshare?: string;
  readonly newuidmap?: string;
  readonly newgidmap?: string;
}

/** Of unshare(1), as of util-linux 2.38. */
const MAP_ALL = ['--map-auto'];

/**
 * Plans how a user who is not root runs containers: the same program once more, in a user and a mount
 * namespace of its own, where it is root and mounts, unpacks and starts the runtime like root does. One step
 * for everything instead of a namespace for each; containers that run already are reached from any later one,
 * because the user owns them all. `undefined`: we are root. Throws `UNSUPPORTED` in one line.
 */
export function planRootless(facts: RootlessFacts): RootlessPlan | undefined {
  if (facts.uid === 0) return undefined;
  if (facts.unshare === undefined)
    throw new WherryError('UNSUPPORTED', 'running containers needs root, or unshare in $PATH');
  const hasRanges = [facts.subuid, facts.subgid].every((text) => hasRange(text, facts));
  const isSingleUser = !(hasRanges && facts.newuidmap && facts.newgidmap);
  const maps = ['--map-root-user', ...(isSingleUser ? [] : MAP_ALL)];
  return { prefix: [facts.unshare, '--user', ...maps, '--mount', '--'], isSingleUser };
}

/** Reads what `planRootless` asks about. */
export function readRootlessFacts(): RootlessFacts {
  const found = { unshare: findProgram(['unshare']), newuidmap: findProgram(['newuidmap']) };
  const newgidmap = findProgram(['newgidmap']);
  return {
    uid: process.getuid?.() ?? 0,
    userName: userInfo().username,
    subuid: readIfThere('/etc/subuid'),
    subgid: readIfThere('/etc/subgid'),
    ...(found.unshare !== undefined && { unshare: found.unshare }),
    ...(found.newuidmap !== undefined && { newuidmap: found.newuidmap }),
    ...(newgidmap !== undefined && { newgidmap }),
  };
}

/** Tries whether the system lets the plan happen. Throws `UNSUPPORTED` in one line, with the system's reason. */
export async function checkRootless(plan: RootlessPlan): Promise<void> {
  const [program = '', ...args] = plan.prefix;
  const { code, stderr } = await runProgram(program, [...args, 'true']);
  if (code === 0) return;
  throw new WherryError(
    'UNSUPPORTED',
    `running containers without root is not possible: ${firstLine(stderr)}`,
    {
      hint: 'user namespaces must be allowed, and newuidmap be there for the ranges of /etc/subuid',
    },
  );
}

/** subuid(5): `name-or-uid:first:count`. */
function hasRange(text: string, { uid, userName }: RootlessFacts): boolean {
  return text.split('\n').some((line) => {
    const [owner, first, count] = line.trim().split(':');
    return (owner === userName || owner === String(uid)) && Number(first) > 0 && Number(count) > 0;
  });
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES')) return '';
    throw error;
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? '';
}
