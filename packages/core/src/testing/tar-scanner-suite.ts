// Over 500 lines: the tables of one contract, which both scanners are held to.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../bytes/concat.ts';
import type { TarEntry, TarScanner } from '../tar/scanner.ts';
import { TsTarScanner } from '../tar/ts-tar-scanner.ts';
import { encodeTarHeader, tarEnd } from '../tar/writer.ts';
import { chunkings, chunksOf } from './chunks.ts';
import { type Scan, scanTar } from './scan-tar.ts';
import { damagedTars, paxRecord, tarEntries } from './tar-arbitraries.ts';
import { type FixtureEntry, LAYER_ENTRIES, patched, paxBlocks, rawBlocks, tarOf } from './tar-fixtures.ts';

const BLOCK_BYTES = 512;
const MIB = 1 << 20;

/** What every `TarScanner` must do. */
export function tarScannerSuite(name: string, create: () => TarScanner): void {
  const scan = (bytes: Uint8Array) => scanEveryWay(create, bytes);
  describe(`${name} as a tar scanner`, () => {
    headerCases(scan);
    extensionCases(scan, create);
    refusals(scan);
    endings(scan, create);
    properties(create);
  });
}

/** Scans in all chunkings, which must agree, errors included. */
function scanEveryWay(create: () => TarScanner, bytes: Uint8Array): Scan {
  const scans = chunkings(bytes).map(({ chunks }) => scanTar(create(), chunks));
  const [first, ...others] = scans;
  for (const other of others) expect(comparable(other)).toEqual(comparable(first!));
  return first!;
}

function comparable({ entries, error }: Scan) {
  return { entries: entries.map(plain), error: error && [error.code, error.message, error.details] };
}

/** Entries hold views into shared memory: compare what they show. */
function plain(entry: TarEntry) {
  const { name, link, xattrs, ...rest } = entry;
  return {
    ...rest,
    name: latin1(name),
    link: latin1(link),
    xattrs: xattrs && [...xattrs].map(([key, value]) => [key, latin1(value)]),
  };
}

type ScanBytes = (bytes: Uint8Array) => Scan;

function namesOf(scan: Scan): string[] {
  if (scan.error) throw scan.error;
  return scan.entries.map((entry) => utf8(entry.name));
}

function only(scan: Scan): TarEntry {
  if (scan.error) throw scan.error;
  expect(scan.entries).toHaveLength(1);
  return scan.entries[0]!;
}

function headerCases(scan: ScanBytes): void {
  test('reads everything that a layer holds', () => {
    const { entries, error } = scan(tarOf(...LAYER_ENTRIES));
    expect(error).toBeUndefined();
    expect(entries.map(essence)).toEqual(LAYER_ENTRIES.map(essence));
  });

  test('says where headers and payloads lie', () => {
    const bytes = tarOf(
      { name: 'a', type: 'file', content: 'x'.repeat(513) },
      { name: 'n'.repeat(300), type: 'file', content: 'payload' },
      { name: 'b', type: 'file' },
    );
    const [a, long, b] = scan(bytes).entries;
    expect([a!.headerOffset, a!.dataOffset]).toEqual([0, 512]);
    expect(long!.headerOffset).toBe(512 + 1024);
    expect(latin1(bytes.subarray(long!.dataOffset, long!.dataOffset + 7))).toBe('payload');
    expect(b!.dataOffset - b!.headerOffset).toBe(512);
  });

  const header = () => rawBlocks({ name: 'name', size: 0 });
  const cases: { name: string; block: Uint8Array; expected: Partial<TarEntry> }[] = [
    { name: 'a signed checksum', block: patched(header(), 0, [0xe4], 'signed'), expected: { type: 'file' } },
    { name: 'flag 7 as a file', block: patched(header(), 156, '7'), expected: { type: 'file' } },
    { name: 'flag NUL as a file', block: patched(header(), 156, [0]), expected: { type: 'file' } },
    {
      name: 'flag NUL and a slash at the end as a directory',
      block: patched(patched(header(), 156, [0]), 0, 'dir/\0'),
      expected: { type: 'directory', name: ascii('dir/') },
    },
    {
      name: 'flag 0 and a slash at the end as a file, as Go does',
      block: patched(header(), 0, 'dir/\0'),
      expected: { type: 'file', name: ascii('dir/') },
    },
    {
      name: 'numbers with blanks around them',
      block: patched(header(), 108, '   1750 '),
      expected: { uid: 1000 },
    },
    {
      name: 'an empty number as 0',
      block: patched(header(), 136, new Uint8Array(12)),
      expected: { mtime: 0 },
    },
    {
      name: 'base-256 numbers',
      block: patched(header(), 108, [0x80, 0, 0, 0, 0xb2, 0xd0, 0x5e, 0]),
      expected: { uid: 3_000_000_000 },
    },
    {
      name: 'negative base-256 times',
      block: patched(header(), 136, new Uint8Array(12).fill(0xff).with(11, 0xfe)),
      expected: { mtime: -2, mtimeNs: 0 },
    },
    {
      name: 'the file type bits that old tars leave in the mode',
      block: patched(header(), 100, '0100755\0'),
      expected: { mode: 0o755 },
    },
    {
      name: 'a name of 100 bytes, without a NUL',
      block: patched(header(), 0, 'n'.repeat(100)),
      expected: { name: ascii('n'.repeat(100)) },
    },
    {
      name: 'the prefix of ustar',
      block: patched(header(), 345, 'some/prefix'),
      expected: { name: ascii('some/prefix/name') },
    },
    {
      name: 'no prefix in V7, whose block may hold anything there',
      block: patched(patched(header(), 257, new Uint8Array(8)), 345, 'junk'),
      expected: { name: ascii('name') },
    },
    {
      name: 'times where ustar has the prefix, in GNU',
      block: patched(patched(header(), 257, 'ustar  \0'), 345, '00000000001\x0000000000001\0'),
      expected: { name: ascii('name') },
    },
    {
      name: 'the shorter prefix of star',
      block: patched(patched(header(), 345, `${'p'.repeat(131)}00000000001\0`), 508, 'tar\0'),
      expected: { name: ascii(`${'p'.repeat(131)}/name`) },
    },
  ];
  test.each(cases)('reads $name', ({ block, expected }) => {
    expect(only(scan(block))).toMatchObject(expected);
  });

  test.each(['1', '2', '3', '4', '5', '6'])(
    'passes over no payload for type %s, whatever its size',
    (flag) => {
      const bytes = concatBytes([
        rawBlocks({ name: 'a', flag, size: 5000, link: 't' }),
        rawBlocks({ name: 'b' }),
      ]);
      const { entries, error } = scan(bytes);
      expect(error).toBeUndefined();
      expect(entries.map((entry) => [utf8(entry.name), entry.size])).toEqual([
        ['a', 0],
        ['b', 0],
      ]);
    },
  );

  test.each([
    { name: 'a Solaris ACL', flag: 'A' },
    { name: 'a GNU volume label', flag: 'V' },
  ])('passes over $name and its payload', ({ flag }) => {
    const bytes = concatBytes([
      paxBlocks({ path: 'not-for-the-next' }),
      rawBlocks({ name: 'meta', flag, body: 'x'.repeat(600) }),
      rawBlocks({ name: 'a' }),
    ]);
    expect(namesOf(scan(bytes))).toEqual(['a']);
    expect(scan(bytes).entries[0]!.headerOffset).toBe(1024 + 1536);
  });
}

function extensionCases(scan: ScanBytes, create: () => TarScanner): void {
  const file = rawBlocks({ name: 'header-name', body: 'ab' });
  const next = rawBlocks({ name: 'next' });
  const longName = (name: string, flag = 'L') =>
    rawBlocks({ name: '././@LongLink', flag, body: `${name}\0` });

  const cases: { name: string; blocks: Uint8Array[]; names: string[] }[] = [
    {
      name: 'a PAX path for one entry only',
      blocks: [paxBlocks({ path: 'p' }), file, next],
      names: ['p', 'next'],
    },
    { name: 'a GNU long name for one entry only', blocks: [longName('l'), file, next], names: ['l', 'next'] },
    { name: 'a long name up to its NUL', blocks: [longName('l\0junk'), file], names: ['l'] },
    {
      name: 'a long name over a PAX path, whichever comes first',
      blocks: [paxBlocks({ path: 'p' }), longName('l'), file, longName('m'), paxBlocks({ path: 'q' }), file],
      names: ['l', 'm'],
    },
    { name: 'an empty PAX path as none', blocks: [paxBlocks({ path: '' }), file], names: ['header-name'] },
    { name: 'the last of two values', blocks: [paxTwice('path', 'a', 'b'), file], names: ['b'] },
    {
      name: 'the last of two PAX headers',
      blocks: [paxBlocks({ path: 'p' }), paxBlocks({}), file],
      names: ['header-name'],
    },
    {
      name: 'no global header',
      blocks: [paxBlocks({ path: 'p', mtime: '5' }, 'g'), file],
      names: ['header-name'],
    },
    {
      name: 'nothing of what stands before a global header',
      blocks: [paxBlocks({ path: 'p' }), longName('l'), paxBlocks({ comment: 'c' }, 'g'), file],
      names: ['header-name'],
    },
    {
      name: 'nothing of a PAX header at the end',
      blocks: [file, paxBlocks({ path: 'p' })],
      names: ['header-name'],
    },
  ];
  test.each(cases)('applies $name', ({ blocks, names }) => {
    expect(namesOf(scan(concatBytes(blocks)))).toEqual(names);
  });

  test('takes size, owner and times of a PAX header', () => {
    const records = { size: '600', uid: '4294967296', gid: '5', mtime: '-1.25', atime: '3.5', ctime: '4' };
    const bytes = concatBytes([
      paxBlocks(records),
      rawBlocks({ name: 'a', size: 0 }),
      new Uint8Array(1024),
      next,
    ]);
    const [entry, after] = scan(bytes).entries;
    expect(entry).toMatchObject({ size: 600, uid: 2 ** 32, gid: 5, mtime: -2, mtimeNs: 750_000_000 });
    expect(utf8(after!.name)).toBe('next');
  });

  const times = [
    { text: '1.5', mtime: 1, mtimeNs: 500_000_000 },
    { text: '1.', mtime: 1, mtimeNs: 0 },
    { text: '+7', mtime: 7, mtimeNs: 0 },
    { text: '-0.5', mtime: -1, mtimeNs: 500_000_000 },
    { text: '-3', mtime: -3, mtimeNs: 0 },
    { text: '1.0000000019', mtime: 1, mtimeNs: 1 },
  ];
  test.each(times)('reads the time $text', ({ text, ...expected }) => {
    expect(only(scan(concatBytes([paxBlocks({ mtime: text }), file])))).toMatchObject(expected);
  });

  test('takes link targets of PAX and GNU for links only', () => {
    const link = rawBlocks({ name: 'a', flag: '2', link: 'in-header' });
    const target = (...blocks: Uint8Array[]) => utf8(only(scan(concatBytes(blocks))).link);
    expect(target(link)).toBe('in-header');
    expect(target(paxBlocks({ linkpath: 'in-pax' }), link)).toBe('in-pax');
    expect(target(longName('in-gnu', 'K'), link)).toBe('in-gnu');
    expect(target(longName('in-gnu', 'K'), paxBlocks({ linkpath: 'in-pax' }), link)).toBe('in-gnu');
    expect(target(longName('in-gnu', 'K'), file)).toBe('');
  });

  test('keeps extended attributes byte for byte, empty ones included', () => {
    const value = Uint8Array.from({ length: 256 }, (_, i) => i);
    const records = {
      'SCHILY.xattr.user.bin': value,
      'SCHILY.xattr.user.é': '',
      'SCHILY.acl.access': 'u::rw',
    };
    const { xattrs } = only(scan(concatBytes([paxBlocks(records), file])));
    expect([...xattrs!.keys()]).toEqual(['user.bin', 'user.é']);
    expect(new Uint8Array(xattrs!.get('user.bin')!)).toEqual(value);
    expect(xattrs!.get('user.é')).toHaveLength(0);
  });

  test('reads names as long as an extension may be, more of them than its tables hold', () => {
    const sizes = [MIB - 100, MIB - 1, MIB - 2, MIB - 3, MIB - 4, MIB - 5];
    const blocks = sizes.flatMap((size, i) => {
      const name = 'n'.repeat(size);
      return [i === 0 ? paxBlocks({ path: name }) : longName(name), file];
    });
    const bytes = concatBytes([...blocks, next]);
    for (const size of [bytes.length, 4099]) {
      const { entries, error } = scanTar(create(), chunksOf(bytes, size));
      expect(error).toBeUndefined();
      expect(entries.map((entry) => entry.name.length)).toEqual([...sizes, 'next'.length]);
    }
  });
}

function refusals(scan: ScanBytes): void {
  const file = rawBlocks({ name: 'a' });
  const invalid: { name: string; bytes: Uint8Array }[] = [
    { name: 'a wrong checksum', bytes: file.with(0, 0x62) },
    { name: 'a size that is no number', bytes: patched(file, 124, 'not a number') },
    { name: 'an octal digit beyond 7', bytes: patched(file, 108, '0000008\0') },
    { name: 'a number with a blank inside', bytes: patched(file, 108, '12 3456\0') },
    { name: 'a negative size', bytes: patched(file, 124, new Uint8Array(12).fill(0xff)) },
    { name: 'a size beyond 2^53', bytes: patched(file, 124, [0x80, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0]) },
    { name: 'a number beyond 2^64', bytes: patched(file, 124, [0x80, ...new Uint8Array(11).fill(0xff)]) },
    { name: 'a device number that is none', bytes: patched(file, 329, 'x') },
    { name: 'a file after one zero block', bytes: concatBytes([new Uint8Array(BLOCK_BYTES), file]) },
    ...[
      'path=x\n',
      '8 path=x\n',
      '11 path=x\n',
      '9 path=x\0',
      '9  path=x',
      '0x9 path=x\n',
      '4 =\n',
      '5 =x\n',
      '7 path\n',
      '12 path=a\0b\n',
      '11 a\0b=xyz\n',
      '999999999999999999999999 path=x\n',
      '11 uid=abc\n',
      '11 size=-1\n',
      '13 mtime=1.x\n',
      '12 mtime=.5\n',
      '12 atime=\u{b5}\n',
      '25 size=9007199254740992\n',
    ].map((body) => ({
      name: `the PAX header ${JSON.stringify(body)}`,
      bytes: concatBytes([rawBlocks({ flag: 'x', body }), file]),
    })),
    { name: 'a malformed global header', bytes: concatBytes([rawBlocks({ flag: 'g', body: 'junk' }), file]) },
  ];
  test.each(invalid)('refuses $name', ({ bytes }) => {
    const { entries, error } = scan(bytes);
    expect(entries).toEqual([]);
    expect(error).toMatchObject({ code: 'INVALID_TAR', message: 'archive/tar: invalid tar header' });
  });

  test('says where the bad header is, after the entries before it', () => {
    const { entries, error } = scan(concatBytes([file, file, file.with(0, 0x62)]));
    expect(entries).toHaveLength(2);
    expect(error?.details).toEqual({ offset: 1024 });
  });

  test.each(['x', 'g', 'L', 'K'])('refuses an extension %s beyond a mebibyte before it reads it', (flag) => {
    const { error } = scan(rawBlocks({ name: 'huge', flag, size: MIB + 1 }));
    expect(error).toMatchObject({ code: 'INVALID_TAR', message: 'archive/tar: header field too long' });
  });

  const sparse: { name: string; bytes: Uint8Array; shown: string }[] = [
    { name: 'old GNU', bytes: rawBlocks({ name: 'holes', flag: 'S' }), shown: 'holes' },
    {
      name: 'PAX 1.0',
      bytes: concatBytes([
        paxBlocks({ 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': 'holes' }),
        rawBlocks({ name: 'GNUSparseFile.1/holes' }),
      ]),
      shown: 'holes',
    },
    {
      name: 'PAX 0.1',
      bytes: concatBytes([paxBlocks({ 'GNU.sparse.map': '0,1' }), rawBlocks({ name: 'plain' })]),
      shown: 'plain',
    },
  ];
  test.each(sparse)('refuses $name sparse files by name', ({ bytes, shown }) => {
    const { error } = scan(bytes);
    expect(error).toMatchObject({
      code: 'INVALID_TAR',
      message: `sparse file ${shown} is not supported in a layer`,
    });
  });

  test.each(['Z', 'D', 'M', 'N', 'X', '8'])('refuses entries of type %s, as Docker does', (flag) => {
    const { error } = scan(rawBlocks({ name: 'odd', flag }));
    expect(error).toMatchObject({
      code: 'INVALID_TAR',
      message: `unhandled tar header type ${flag.charCodeAt(0)}`,
    });
  });
}

function endings(scan: ScanBytes, create: () => TarScanner): void {
  const file = rawBlocks({ name: 'a', body: 'content' });

  test.each([
    { name: 'no bytes at all', bytes: new Uint8Array(0), names: [] },
    { name: 'end blocks alone', bytes: tarEnd(), names: [] },
    { name: 'no end blocks', bytes: file, names: ['a'] },
    { name: 'one end block', bytes: concatBytes([file, new Uint8Array(BLOCK_BYTES)]), names: ['a'] },
    { name: 'no padding at the end', bytes: file.subarray(0, 519), names: ['a'] },
    {
      name: 'data after the end',
      bytes: concatBytes([file, tarEnd(), new Uint8Array(5000).fill(1)]),
      names: ['a'],
    },
  ])('accepts $name', ({ bytes, names }) => {
    expect(namesOf(scan(bytes))).toEqual(names);
  });

  test('knows a truncated header or payload at every edge of a block, and beside it', () => {
    const bytes = tarOf(
      { name: 'n'.repeat(300), type: 'file', content: 'x'.repeat(1300) },
      { name: 'dir', type: 'directory' },
      { name: 'b', type: 'file', content: 'y' },
    );
    const whole = scan(bytes).entries;
    for (let edge = 0; edge <= bytes.length; edge += BLOCK_BYTES) {
      for (const end of [edge - 1, edge, edge + 1]) {
        if (end < 0 || end > bytes.length) continue;
        const { entries, error } = scanTar(create(), chunksOf(bytes.subarray(0, end), 700));
        const isTruncated = isInside(whole, bytes.length - 2 * BLOCK_BYTES, end);
        expect([end, error?.code, error?.message]).toEqual(
          isTruncated ? [end, 'TRUNCATED', 'unexpected EOF'] : [end, undefined, undefined],
        );
        expect(entries.map(plain)).toEqual(whole.filter((entry) => entry.dataOffset <= end).map(plain));
      }
    }
  });

  test('throws the same error again, whatever it is given', () => {
    const scanner = create();
    expect(() => scanner.push(new Uint8Array(BLOCK_BYTES).fill(1))).toThrow('invalid tar header');
    expect(() => scanner.push(file)).toThrow('invalid tar header');
    expect(() => scanner.finish()).toThrow('invalid tar header');
  });

  test('returns the entries before an error first', () => {
    const scanner = create();
    const bytes = concatBytes([file, new Uint8Array(BLOCK_BYTES).fill(1)]);
    expect(scanner.push(bytes)).toHaveLength(1);
    expect(() => scanner.finish()).toThrow('invalid tar header');
  });

  test('lets the caller reuse the memory of a chunk', () => {
    const scanner = create();
    const entries: TarEntry[] = [];
    const buffer = Buffer.alloc(1000);
    for (const chunk of chunksOf(tarOf(...LAYER_ENTRIES), buffer.length)) {
      buffer.set(chunk);
      entries.push(...scanner.push(buffer.subarray(0, chunk.length)));
      buffer.fill(0xff);
    }
    expect(entries.map(essence)).toEqual(LAYER_ENTRIES.map(essence));
  });

  test('reads more entries in one chunk than its tables hold', () => {
    const count = 2500;
    const blocks = Array.from({ length: count }, (_, i) =>
      encodeTarHeader({ name: `${'d'.repeat(i % 150)}/${i}`, type: 'file', mtimeNs: i % 3 }),
    );
    const bytes = concatBytes(blocks);
    const names = blocks.map((_, i) => `${'d'.repeat(i % 150)}/${i}`);
    for (const size of [bytes.length, 321]) {
      const { entries } = scanTar(create(), chunksOf(bytes, size));
      expect(entries.map((entry) => utf8(entry.name))).toEqual(names);
    }
  });
}

/** Tells whether a stream cut at `end` stops inside a header or a payload; padding does not count. */
function isInside(entries: readonly TarEntry[], endBlocks: number, end: number): boolean {
  if (end >= endBlocks) return (end - endBlocks) % BLOCK_BYTES !== 0;
  const entry = entries.findLast((candidate) => candidate.headerOffset <= end);
  if (!entry) return end > 0;
  if (end >= entry.dataOffset) return end < entry.dataOffset + entry.size;
  const into = end - entry.headerOffset;
  const hasExtension = entry.dataOffset - entry.headerOffset > BLOCK_BYTES;
  if (!hasExtension) return into > 0;
  // A header, a body of one block whose records end before the padding does, a header.
  const bodyEnd = BLOCK_BYTES + EXTENSION_BODY_BYTES;
  if (into <= BLOCK_BYTES) return into > 0;
  return into < bodyEnd || into > 2 * BLOCK_BYTES;
}

/** `311 path=` + 300 bytes + a line feed: the one extension in the truncation case. */
const EXTENSION_BODY_BYTES = 310;

function properties(create: () => TarScanner): void {
  test('reads back what the writer wrote', () => {
    fc.assert(
      fc.property(
        fc.array(tarEntries, { maxLength: 8 }),
        fc.integer({ min: 1, max: 3000 }),
        (items, size) => {
          const { entries, error } = scanTar(create(), chunksOf(tarOf(...items), size));
          expect(error).toBeUndefined();
          expect(entries.map(essence)).toEqual(items.map(essence));
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  test('never fails with anything but a WherryError, and as the plain scanner does', () => {
    fc.assert(
      fc.property(damagedTars, fc.integer({ min: 1, max: 3000 }), (bytes, size) => {
        const scan = comparable(scanTar(create(), chunksOf(bytes, size)));
        expect(scan).toEqual(comparable(scanTar(new TsTarScanner(), [bytes])));
      }),
      { seed: 1, numRuns: 1000 },
    );
  });
}

/** What an entry and what it was written from have in common. */
function essence(entry: FixtureEntry) {
  const { name, type, uid = 0, gid = 0, mtime = 0, mtimeNs = 0, devMajor = 0, devMinor = 0 } = entry;
  const content = typeof entry.content === 'string' ? ascii(entry.content) : entry.content;
  const defaultMode = { directory: 0o755, symlink: 0o777 }[type as string] ?? 0o644;
  return {
    name: latin1(name),
    type,
    mode: entry.mode ?? defaultMode,
    ids: [uid, gid],
    size: content?.length ?? entry.size ?? 0,
    time: [mtime, mtimeNs],
    link: latin1(entry.link ?? ''),
    device: [devMajor, devMinor],
    xattrs: [...(entry.xattrs ?? [])].map(([key, value]) => [key, latin1(value)]),
  };
}

function paxTwice(key: string, first: string, second: string): Uint8Array {
  return rawBlocks({ flag: 'x', body: paxRecord(key, first) + paxRecord(key, second) });
}

function latin1(bytes: Uint8Array | string): string {
  return Buffer.from(bytes as Uint8Array).toString('latin1');
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
