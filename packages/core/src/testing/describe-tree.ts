import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isErrno } from '../errors.ts';

/** What a directory entry is, apart from what only the file system knows of it. */
export interface DescribedEntry {
  /** Below the root of the description. */
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo' | 'socket';
  readonly mode: number;
  readonly owner: string;
  /** Nanoseconds since the epoch. */
  readonly mtime: bigint;
  readonly size?: number;
  readonly sha256?: string;
  readonly link?: string;
  /** `major:minor`. */
  readonly rdev?: string;
  /** The first name of the same file, when it has several. */
  readonly sameAs?: string;
}

/**
 * Describes all that lies below a directory, each directory's entries sorted by name; without what is in files and
 * directories that this process may not read. Linux.
 */
export function describeTree(root: string): DescribedEntry[] {
  const entries: DescribedEntry[] = [];
  const firstNames = new Map<bigint, string>();
  const walk = (directory: Buffer, prefix: string) => {
    // As bytes, because names need not be text.
    for (const base of namesIn(directory).sort(Buffer.compare)) {
      const path = Buffer.concat([directory, Buffer.from('/'), base]);
      const entry = describe(path, prefix + base.toString(), firstNames);
      entries.push(entry);
      if (entry.type === 'directory') walk(path, `${entry.name}/`);
    }
  };
  walk(Buffer.from(root), '');
  return entries;
}

function describe(path: Buffer, name: string, firstNames: Map<bigint, string>): DescribedEntry {
  const stat = lstatSync(path, { bigint: true });
  const type = typeOf(stat);
  const sameAs = stat.nlink > 1n && type !== 'directory' ? firstNames.get(stat.ino) : undefined;
  if (sameAs === undefined) firstNames.set(stat.ino, name);
  return {
    name,
    type,
    mode: Number(stat.mode & 0o7777n),
    owner: `${stat.uid}:${stat.gid}`,
    mtime: stat.mtimeNs,
    ...(type === 'file' && {
      size: Number(stat.size),
      ...contentOf(path),
    }),
    ...(type === 'symlink' && { link: readlinkSync(path) }),
    ...((type === 'char' || type === 'block') && { rdev: deviceOf(stat) }),
    ...(sameAs !== undefined && { sameAs }),
  };
}

function namesIn(directory: Buffer): Buffer[] {
  return unlessForbidden(() => readdirSync(directory, { encoding: 'buffer' })) ?? [];
}

function contentOf(path: Buffer): { readonly sha256?: string } {
  const content = unlessForbidden(() => readFileSync(path));
  return content ? { sha256: createHash('sha256').update(content).digest('hex') } : {};
}

function unlessForbidden<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isErrno(error, 'EACCES')) return undefined;
    throw error;
  }
}

function typeOf(stat: BigIntStats): DescribedEntry['type'] {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'char';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFIFO() ? 'fifo' : 'socket';
}

/** Linux makedev(3): twelve bits of the major number above eight of the minor, the rest of both higher up. */
function deviceOf({ rdev }: BigIntStats): string {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn);
  return `${major}:${minor}`;
}
