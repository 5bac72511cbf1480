import { WherryError } from '../../errors.ts';
import { SUBORDINATE_IDS_CURE } from '../../rootfs/unpack/unpack-error.ts';
import { readRootfsFile } from './rootfs-path.ts';
import type { SpecUser } from './runtime-spec.ts';

/** Who a process of a container is. */
export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
  /** The primary group first, then those that list the user, then the ones asked for. */
  readonly additionalGids: readonly number[];
  /** The home directory, `/` for users that the container does not know. */
  readonly home: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** Above what any real system has in these files; a larger one is refused before it is read. */
const MAX_FILE_BYTES = 16 << 20;
const MAX_ID = 2 ** 31 - 1;

/** The users and groups that exist where containers run: those below these numbers. */
interface MappedIds {
  readonly userCount: number;
  readonly groupCount: number;
}

/** A user as a process's specification has it. Throws `UNSUPPORTED` for one that does not exist where we run. */
export function specUser({ uid, gid, additionalGids }: ContainerUser, host: MappedIds): SpecUser {
  if (uid >= host.userCount || gid >= host.groupCount)
    throw new WherryError('UNSUPPORTED', `user ${uid}:${gid} does not exist in this user namespace`, {
      hint: SUBORDINATE_IDS_CURE,
    });
  // `setgroups` is refused where there is only one.
  const groups = host.groupCount > 1 ? additionalGids : [];
  return { uid, gid, ...(groups.length > 0 && { additionalGids: groups }) };
}

/**
 * Finds a user by the container's own `/etc/passwd` and `/etc/group`. `text` is `user`, `uid`, `user:group` or
 * a mixture; empty means root. Numbers need no entry. Throws `INVALID_ARGUMENT` in Docker's words.
 */
export function resolveUser(rootfs: string, text: string, groupAdd: readonly string[] = []): ContainerUser {
  const [passwd, group] = ['/etc/passwd', '/etc/group'].map((path) =>
    readRootfsFile(rootfs, path, MAX_FILE_BYTES),
  );
  return userFrom({ passwd: passwd ?? '', group: group ?? '' }, text, groupAdd);
}

/** As `resolveUser`, from the files' texts. */
export function userFrom(
  files: { readonly passwd: string; readonly group: string },
  text: string,
  groupAdd: readonly string[] = [],
): ContainerUser {
  const [userText = '', groupText = ''] = splitOnce(text, ':');
  const entry = parsePasswd(files.passwd).find(
    userText === '' ? ({ uid }) => uid === 0 : matches(userText, ({ uid }) => uid),
  );
  const uid = entry?.uid ?? (userText === '' ? 0 : numberOf(userText));
  if (uid === undefined) throw unknownName('user', userText, 'passwd');
  const groups = parseGroup(files.group);
  const listed = groupText !== '' || !entry ? [] : groups.filter((each) => each.members.includes(entry.name));
  const gid = groupText === '' ? (entry?.gid ?? 0) : gidOf(groups, groupText);
  const added = groupAdd.map((each) => gidOf(groups, each));
  return {
    uid: checkRange(uid),
    gid: checkRange(gid),
    additionalGids: [...new Set([gid, ...listed.map((each) => each.gid), ...added])].map(checkRange),
    home: entry?.home || '/',
  };
}

function gidOf(groups: readonly GroupEntry[], text: string): number {
  const gid = groups.find(matches(text, (entry) => entry.gid))?.gid ?? numberOf(text);
  if (gid === undefined) throw unknownName('group', text, 'group');
  return gid;
}

/** A number always means an ID, even where somebody is named like one. */
function matches<Entry extends { readonly name: string }>(
  text: string,
  idOf: (entry: Entry) => number,
): (entry: Entry) => boolean {
  const id = numberOf(text);
  return id === undefined ? (entry) => entry.name === text : (entry) => idOf(entry) === id;
}

/** passwd(5): `name:password:uid:gid:comment:home:shell`. Lines that say no IDs are passed over. */
function parsePasswd(text: string): PasswdEntry[] {
  return linesOf(text).flatMap(([name = '', , uidText = '', gidText = '', , home = '']) => {
    const [uid, gid] = [numberOf(uidText), numberOf(gidText)];
    return name === '' || uid === undefined || gid === undefined ? [] : [{ name, uid, gid, home }];
  });
}

/** group(5): `name:password:gid:member,member`. */
function parseGroup(text: string): GroupEntry[] {
  return linesOf(text).flatMap(([name = '', , gidText = '', members = '']) => {
    const gid = numberOf(gidText);
    return name === '' || gid === undefined ? [] : [{ name, gid, members: members.split(',') }];
  });
}

function linesOf(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));
}

function numberOf(text: string): number | undefined {
  return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function checkRange(id: number): number {
  if (id >= 0 && id <= MAX_ID) return id;
  throw new WherryError('INVALID_ARGUMENT', `uids and gids must be in range 0-${MAX_ID}`);
}

function unknownName(kind: string, name: string, file: string): WherryError {
  return new WherryError(
    'INVALID_ARGUMENT',
    `unable to find ${kind} ${name}: no matching entries in ${file} file`,
  );
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
