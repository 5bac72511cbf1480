/** An entry of a tar, as far as tests look at it. Names are bytes as Latin-1 gives them, without slashes around them. */
export interface ReadEntry {
  readonly path: string;
  /** As in the header: `0` file, `1` hard link, `2` symlink, `3` and `4` devices, `5` directory, `6` FIFO. */
  readonly type: string;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds since 1970. */
  readonly mtime: number;
  /** `major,minor` of a device. */
  readonly device?: string;
  readonly linkTarget: string;
  readonly content: Buffer;
  /** Values as Latin-1. */
  readonly xattrs: Readonly<Record<string, string>>;
}

const BLOCK = 512;
const XATTR = 'SCHILY.xattr.';

/**
 * Reads a tar in memory: ustar with the extensions of POSIX and GNU for long names. It shares nothing with what is
 * tested.
 */
export function readEntries(tar: Buffer): ReadEntry[] {
  const entries: ReadEntry[] = [];
  let extended = new Map<string, string>();
  let offset = 0;
  while (offset + BLOCK <= tar.length) {
    const header = tar.subarray(offset, offset + BLOCK);
    offset += BLOCK;
    if (header[0] === 0) continue;
    const type = text(header, 156, 1) || '0';
    const size = Number(extended.get('size') ?? number(header, 124, 12));
    const content = tar.subarray(offset, offset + size);
    offset += Math.ceil(size / BLOCK) * BLOCK;
    if (type === 'g') continue;
    if (type === 'x') readRecords(content, extended);
    else if (type === 'L') extended.set('path', text(content, 0, size));
    else if (type === 'K') extended.set('linkpath', text(content, 0, size));
    else {
      entries.push(entryOf(header, type, content, extended));
      extended = new Map();
    }
  }
  return entries;
}

function entryOf(
  header: Buffer,
  type: string,
  content: Buffer,
  extended: ReadonlyMap<string, string>,
): ReadEntry {
  const prefix = text(header, 345, 155);
  const name = text(header, 0, 100);
  const path = extended.get('path') ?? (prefix === '' ? name : `${prefix}/${name}`);
  const xattrs = [...extended].filter(([key]) => key.startsWith(XATTR));
  const isDevice = type === '3' || type === '4';
  return {
    path: path.replace(/^\.?\/+|^\.$|\/+$/g, ''),
    type,
    mode: number(header, 100, 8) & 0o7777,
    uid: Number(extended.get('uid') ?? number(header, 108, 8)),
    gid: Number(extended.get('gid') ?? number(header, 116, 8)),
    mtime: Math.floor(Number(extended.get('mtime') ?? number(header, 136, 12))),
    ...(isDevice && { device: `${number(header, 329, 8)},${number(header, 337, 8)}` }),
    linkTarget: extended.get('linkpath') ?? text(header, 157, 100),
    content,
    xattrs: Object.fromEntries(xattrs.map(([key, value]) => [key.slice(XATTR.length), value])),
  };
}

/** `length key=value\n` each; values may have any byte. */
function readRecords(content: Buffer, into: Map<string, string>): void {
  for (let at = 0; at < content.length; ) {
    const blank = content.indexOf(0x20, at);
    const length = Number(text(content, at, blank - at));
    const record = content.toString('latin1', blank + 1, at + length - 1);
    const equals = record.indexOf('=');
    into.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
}

function text(bytes: Buffer, offset: number, length: number): string {
  const field = bytes.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return field.toString('latin1', 0, end < 0 ? field.length : end);
}

function number(header: Buffer, offset: number, length: number): number {
  const field = header.subarray(offset, offset + length);
  // GNU's binary form for what does not fit.
  if (((field[0] ?? 0) & 0x80) !== 0) return field.readUIntBE(length - 6, 6);
  return Number.parseInt(text(header, offset, length).trim() || '0', 8);
}
