import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { isErrno, WherryError } from '../../errors.ts';
import { SUBORDINATE_IDS_CURE } from '../../rootfs/unpack/unpack-error.ts';
import { findProgram } from '../program.ts';
import { type IdOwner, type IdRange, idMap, subordinateRanges } from './subordinate-ids.ts';

/** What decides how an ordinary user gets to be root in a user namespace of their own. */
export interface RootlessFacts extends IdOwner {
  readonly gid: number;
  /** Texts of `/etc/subuid` and `/etc/subgid`. */
  readonly subuid: string;
  readonly subgid: string;
  /** Programs that were found, with their paths. */
  readonly unshare?: string;
  readonly nsenter?: string;
  readonly newuidmap?: string;
  readonly newgidmap?: string;
}

/** A program that gives a process of a new namespace its IDs: its path, and all that follows the process ID. */
export interface MapCommand {
  readonly program: string;
  readonly ids: readonly string[];
}

/** How the namespace is made. */
export interface RootlessPlan {
  readonly unshare: string;
  /** For users and for groups. None: only one user and one group exist there. */
  readonly maps: readonly MapCommand[];
}

/** Settings of the kernel that forbid user namespaces. `undefined`: this kernel has no such setting. */
export interface NamespaceSettings {
  /** `kernel.unprivileged_userns_clone`, of Debian's kernels. */
  readonly userns?: string;
  /** `kernel.apparmor_restrict_unprivileged_userns`, of Ubuntu's. */
  readonly appArmor?: string;
  /** `user.max_user_namespaces`. */
  readonly limit?: string;
}

/**
 * Plans the user namespace of a user who is not root. Throws `UNSUPPORTED` in one line where a program is missing
 * without which there is none.
 */
export function planRootless(facts: RootlessFacts): RootlessPlan {
  const { unshare, newuidmap, newgidmap, uid, gid } = facts;
  for (const name of ['unshare', 'nsenter'] as const)
    if (facts[name] === undefined)
      throw notPossible(`${name} is not found in $PATH`, 'install util-linux, or run it as root');
  const [users, groups] = [rangesOf(facts, 'subuid'), rangesOf(facts, 'subgid')];
  const hasIds = users.length > 0 && groups.length > 0 && newuidmap && newgidmap;
  const maps = hasIds
    ? [
        { program: newuidmap, ids: idMap(uid, users) },
        { program: newgidmap, ids: idMap(gid, groups) },
      ]
    : [];
  return { unshare: unshare ?? '', maps };
}

/** Reads what `planRootless` asks about. */
export function readRootlessFacts(): RootlessFacts {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const programs = ['unshare', 'nsenter', 'newuidmap', 'newgidmap'].map((name) => [
    name,
    findProgram([name]),
  ]);
  return {
    ...{ uid, gid, userName: ownUserName() },
    subuid: readIfThere('/etc/subuid') ?? '',
    subgid: readIfThere('/etc/subgid') ?? '',
    ...Object.fromEntries(programs.filter(([, path]) => path !== undefined)),
  };
}

/** The name of who runs us; of a user without one, the ID. */
export function ownUserName(): string {
  try {
    return userInfo().username;
  } catch {
    // An ID that the list of users does not have.
    return String(process.getuid?.() ?? 0);
  }
}

export function readNamespaceSettings(): NamespaceSettings {
  const [userns, appArmor, limit] = [
    'kernel/unprivileged_userns_clone',
    'kernel/apparmor_restrict_unprivileged_userns',
    'user/max_user_namespaces',
  ].map((name) => readIfThere(`/proc/sys/${name}`)?.trim());
  return {
    ...(userns !== undefined && { userns }),
    ...(appArmor !== undefined && { appArmor }),
    ...(limit !== undefined && { limit }),
  };
}

/** Says in one line why there is no namespace, from what the program said that was to make it. */
export function namespaceRefused(said: string, settings: NamespaceSettings): WherryError {
  if (settings.limit === '0')
    return notPossible('user.max_user_namespaces is 0', 'sysctl user.max_user_namespaces=15000 allows it');
  if (settings.userns === '0')
    return notPossible(
      'kernel.unprivileged_userns_clone is 0',
      'sysctl kernel.unprivileged_userns_clone=1 allows it',
    );
  if (settings.appArmor === '1')
    return notPossible(
      'kernel.apparmor_restrict_unprivileged_userns is 1',
      'sysctl kernel.apparmor_restrict_unprivileged_userns=0 allows it',
    );
  const [line = ''] = said.trim().split('\n', 1);
  return notPossible(
    line || 'the kernel refuses user namespaces',
    'user namespaces must be allowed, or run it as root',
  );
}

/** Says in one line why a namespace got no IDs, from what newuidmap(1) or newgidmap(1) said. */
export function idsRefused(said: string): WherryError {
  return notPossible(said.trim().split('\n', 1)[0] || 'newuidmap failed', SUBORDINATE_IDS_CURE);
}

function notPossible(why: string, hint: string): WherryError {
  return new WherryError('UNSUPPORTED', `running containers without root is not possible: ${why}`, { hint });
}

function rangesOf(facts: RootlessFacts, file: 'subuid' | 'subgid'): IdRange[] {
  return subordinateRanges(facts[file], facts);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES')) return undefined;
    throw error;
  }
}
