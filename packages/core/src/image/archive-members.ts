import type { Compression } from '../compression/compression.ts';
import type { Digest } from '../digest.ts';
import { WherryError } from '../errors.ts';

/** A member that went into the store while the archive was read. */
export interface StoredMember {
  readonly digest: Digest;
  readonly size: number;
  /** What the pass over it found; absent: it was stored as it is, nobody looked inside. */
  readonly layer?: { readonly diffID: Digest; readonly compression: Compression };
}

/** One member of an image archive, after reading. */
export type ArchiveMember =
  | { readonly kind: 'document'; readonly bytes: Uint8Array }
  | ({ readonly kind: 'blob' } & StoredMember)
  | { readonly kind: 'symlink' | 'hardlink'; readonly target: string };

/** Members by their clean names (`memberName`). */
export type ArchiveMembers = ReadonlyMap<string, ArchiveMember>;

const MAX_LINKS = 20;

/**
 * The one spelling of a member's name: no `./`, no doubled or trailing slash; empty for the archive's root.
 * Throws `INVALID_ARCHIVE` for a name that leaves the archive.
 */
export function memberName(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (name.startsWith('/') || parts.includes('..') || name.includes('\0'))
    throw invalidArchive(`member name ${JSON.stringify(name)} leaves the archive`);
  return parts.join('/');
}

/**
 * The member that `path`, as a document of the archive names it, stands for; links are followed. Absent:
 * there is none. Throws `INVALID_ARCHIVE` when the path leaves the archive.
 */
export function findMember(
  members: ArchiveMembers,
  path: string,
): { readonly name: string; readonly member: Exclude<ArchiveMember, { target: string }> } | undefined {
  let name = memberName(path);
  for (let links = 0; links <= MAX_LINKS; links++) {
    const member = members.get(name);
    if (member === undefined) return undefined;
    if (member.kind === 'document' || member.kind === 'blob') return { name, member };
    // A hard link names a member of the archive, a symlink a path beside it.
    name = member.kind === 'hardlink' ? memberName(member.target) : followLink(name, member.target);
  }
  throw invalidArchive(`too many links from ${JSON.stringify(path)}`);
}

function followLink(from: string, target: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..' && parts.pop() === undefined) parts.push('..');
    else if (part !== '..' && part !== '' && part !== '.') parts.push(part);
    if (parts[0] === '..') break;
  }
  if (target.startsWith('/') || parts[0] === '..')
    throw invalidArchive(`link ${JSON.stringify(from)} to ${JSON.stringify(target)} leaves the archive`);
  return parts.join('/');
}

export function invalidArchive(message: string, hint?: string, cause?: unknown): WherryError {
  return new WherryError('INVALID_ARCHIVE', message, {
    ...(hint !== undefined && { hint }),
    ...(cause !== undefined && { cause }),
  });
}
