import { concatBytes } from '../bytes/concat.ts';
import { encodeHeader, type UstarFields } from '../tar/header.ts';
import { encodePax } from '../tar/pax.ts';
import { encodeTarHeader, type TarEntryInit, tarEnd, tarPadding } from '../tar/writer.ts';

const BLOCK_BYTES = 512;
const CHECKSUM_AT = 148;
const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();

/** An entry of a fixture: `content` gives a file its size. */
export interface FixtureEntry extends TarEntryInit {
  readonly content?: Uint8Array | string;
}

/** Makes a whole archive in memory, end blocks included. */
export function tarOf(...entries: readonly FixtureEntry[]): Uint8Array {
  return concatBytes([...entries.map(tarEntry), tarEnd()]);
}

/** Makes the blocks of one entry. */
export function tarEntry({ content = EMPTY, ...entry }: FixtureEntry): Uint8Array {
  const body = toBytes(content);
  const sized = entry.type === 'file' ? { ...entry, size: body.length } : entry;
  return concatBytes([encodeTarHeader(sized), body, tarPadding(body.length)]);
}

/** What a raw block says beyond the defaults: an empty ustar file. */
export interface RawBlock extends Partial<Omit<UstarFields, 'name' | 'link' | 'typeFlag'>> {
  readonly name?: string;
  readonly link?: string;
  readonly flag?: string;
  readonly body?: Uint8Array | string;
}

/** Makes a header block, and the blocks of `body`, without any judgement. */
export function rawBlocks({ name = '', link = '', flag = '0', body = EMPTY, ...rest }: RawBlock): Uint8Array {
  const bytes = toBytes(body);
  const header = encodeHeader({
    prefix: EMPTY,
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: bytes.length,
    mtime: 0,
    devMajor: 0,
    devMinor: 0,
    ...rest,
    name: toBytes(name),
    link: toBytes(link),
    typeFlag: flag.charCodeAt(0),
  });
  return concatBytes([header, bytes, tarPadding(bytes.length)]);
}

/** Makes a PAX header: local ('x') or global ('g'). */
export function paxBlocks(records: Readonly<Record<string, string | Uint8Array>>, flag = 'x'): Uint8Array {
  return rawBlocks({ name: 'PaxHeaders.0/x', flag, body: encodePax(Object.entries(records)) });
}

/** Overwrites bytes of a header block and makes its checksum right again: `sum` adds them up. */
export function patched(
  block: Uint8Array,
  at: number,
  bytes: Uint8Array | string | readonly number[],
  sum: 'unsigned' | 'signed' = 'unsigned',
): Uint8Array {
  const copy = new Uint8Array(block);
  copy.set(typeof bytes === 'string' ? toBytes(bytes) : bytes, at);
  copy.set(encoder.encode('        '), CHECKSUM_AT);
  const header = copy.subarray(0, BLOCK_BYTES);
  const total = (sum === 'unsigned' ? [...header] : [...Int8Array.from(header)]).reduce((a, b) => a + b);
  copy.set(encoder.encode(`${total.toString(8).padStart(6, '0')}\0 `), CHECKSUM_AT);
  return copy;
}

const LONG_NAME = `deep/${'directory-with-a-long-name/'.repeat(12)}file`;

/** A layer as images have them: everything that a reader of layers must carry over unchanged. */
export const LAYER_ENTRIES: readonly FixtureEntry[] = [
  { name: 'etc/', type: 'directory', mtime: 1_700_000_000 },
  { name: 'etc/passwd', type: 'file', content: 'root:x:0:0:root:/root:/bin/sh\n', mtime: 1_700_000_000 },
  { name: 'etc/shadow', type: 'file', mode: 0o640, gid: 42, content: 'root:*:\n', mtime: 1_700_000_001 },
  { name: 'bin', type: 'symlink', link: 'usr/bin' },
  { name: 'usr/bin/su', type: 'file', mode: 0o4755, content: new Uint8Array(1500).fill(7) },
  { name: 'usr/bin/sg', type: 'hardlink', link: 'usr/bin/su', mode: 0o4755 },
  { name: 'tmp/', type: 'directory', mode: 0o1777 },
  { name: 'dev/null', type: 'char', mode: 0o666, devMajor: 1, devMinor: 3 },
  { name: 'dev/sda', type: 'block', mode: 0o660, gid: 6, devMajor: 8, devMinor: 0 },
  { name: 'run/initctl', type: 'fifo', mode: 0o600 },
  { name: LONG_NAME, type: 'file', content: 'long' },
  { name: 'long-link', type: 'symlink', link: `../${LONG_NAME}` },
  { name: 'naïve/文件.txt', type: 'file', content: 'not ascii' },
  { name: Uint8Array.of(0x62, 0xe4, 0x64), type: 'file', content: 'latin-1' },
  { name: 'home/user', type: 'directory', uid: 3_000_000_000, gid: 3_000_000_001 },
  { name: 'precise', type: 'file', mtime: 1_700_000_000, mtimeNs: 123_456_789 },
  { name: 'before-1970', type: 'file', mtime: -2, mtimeNs: 500_000_000 },
  {
    name: 'usr/bin/ping',
    type: 'file',
    mode: 0o755,
    content: 'capable',
    xattrs: new Map([
      ['security.capability', Uint8Array.of(1, 0, 0, 2, 0, 32, 0, 0, 10, 61, 10, 0)],
      ['user.empty', EMPTY],
    ]),
  },
  { name: 'etc/.wh.motd', type: 'file' },
  { name: 'var/cache/.wh..wh..opq', type: 'file' },
];

function toBytes(text: Uint8Array | string): Uint8Array {
  return typeof text === 'string' ? encoder.encode(text) : text;
}
