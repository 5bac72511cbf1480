import type { Stats } from 'node:fs';
import type { SourceNode } from '../source-tree.ts';

const NO_LINK = new Uint8Array(0);
const PERMISSION_BITS = 0o7777;
/** Windows has no such bits; Docker gives all files those. */
const WINDOWS_MODE = 0o755;

/** A file of a directory on disk. */
export class DiskNode implements SourceNode {
  readonly type: SourceNode['type'];
  readonly mode: number;
  // Docker's COPY gives all to root, whoever builds.
  readonly uid = 0;
  readonly gid = 0;
  readonly size: number;
  readonly mtime: number;
  readonly mtimeNs: number;
  readonly link: Uint8Array;
  readonly devMajor: number;
  readonly devMinor: number;
  /** Bytes, one a character; of a hard link its first name, of the root its path. */
  readonly name: string;
  readonly parent: DiskDirectory | undefined;
  /** Of a regular file its place in the tree's `FileTable`; -1 otherwise. */
  readonly place: number;

  constructor(
    name: string,
    parent: DiskDirectory | undefined,
    stats: Stats,
    { link = NO_LINK, place = -1 }: { readonly link?: Uint8Array; readonly place?: number } = {},
  ) {
    const [mtime, mtimeNs] = secondsOf(stats.mtimeMs);
    this.type = typeOf(stats);
    this.mode = process.platform === 'win32' ? WINDOWS_MODE : stats.mode & PERMISSION_BITS;
    this.size = this.type === 'file' ? stats.size : 0;
    this.mtime = mtime;
    this.mtimeNs = mtimeNs;
    this.link = link;
    const isDevice = this.type === 'char' || this.type === 'block';
    this.devMajor = isDevice ? majorOf(BigInt(stats.rdev)) : 0;
    this.devMinor = isDevice ? minorOf(BigInt(stats.rdev)) : 0;
    this.name = name;
    this.parent = parent;
    this.place = place;
  }

  /** Its path on disk, bytes one a character. */
  get path(): string {
    return this.parent === undefined ? this.name : `${this.parent.path}/${this.name}`;
  }
}

export class DiskDirectory extends DiskNode {
  readonly children = new Map<string, DiskNode>();
  /** As `extendPathHash` gives it. */
  readonly pathHash: number;

  constructor(name: string, parent: DiskDirectory | undefined, stats: Stats, pathHash: number) {
    super(name, parent, stats);
    this.pathHash = pathHash;
  }
}

function typeOf(stats: Stats): SourceNode['type'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  return stats.isCharacterDevice() ? 'char' : 'block';
}

function secondsOf(milliseconds: number): [seconds: number, rest: number] {
  // Nanoseconds count forward from the second before.
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.floor((milliseconds - seconds * 1000) * 1e6)];
}

// Linux keeps both in pieces in one number: glibc's `gnu_dev_major` and `gnu_dev_minor`.
function majorOf(device: bigint): number {
  return Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n));
}

function minorOf(device: bigint): number {
  return Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n));
}
