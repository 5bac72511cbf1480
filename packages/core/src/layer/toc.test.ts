import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../digest.ts';
import { isWherryError } from '../errors.ts';
import type { EntryType } from '../tar/scanner.ts';
import { chunksOf } from '../testing/chunks.ts';
import { noise, sourceOf } from '../testing/layer-fixtures.ts';
import type { LayerFacts } from './layer-facts.ts';
import type { TocEntry } from './toc-format.ts';
import { TocIndex } from './toc-index.ts';
import { readToc, readTocFacts, readTocSource, TOC_TAIL_BYTES } from './toc-reader.ts';
import { TocWriter } from './toc-writer.ts';

const FACTS: LayerFacts = {
  digest: `sha256:${'a'.repeat(64)}` as Digest,
  size: 10,
  diffID: `sha256:${'b'.repeat(64)}` as Digest,
  tarSize: 2048,
  contentSize: 4,
  entries: 0,
  compression: 'gzip',
};

const PLAIN: TocEntry = {
  name: Buffer.from('usr/bin/oar'),
  type: 'file',
  mode: 0o755,
  uid: 0,
  gid: 0,
  size: 70_000,
  mtime: 1_700_000_000,
  mtimeNs: 0,
  link: new Uint8Array(0),
  devMajor: 0,
  devMinor: 0,
  dataOffset: 512,
};

function write(
  entries: readonly TocEntry[],
  facts: LayerFacts = { ...FACTS, entries: entries.length },
): Buffer {
  const chunks: Uint8Array[] = [];
  const writer = new TocWriter((chunk) => chunks.push(chunk));
  for (const entry of entries) writer.add(entry);
  writer.finish(facts);
  return Buffer.concat(chunks);
}

function read(bytes: Uint8Array): { entries: TocEntry[]; facts: LayerFacts } {
  const entries: TocEntry[] = [];
  const reading = readToc(bytes);
  for (let next = reading.next(); ; next = reading.next()) {
    if (next.done) return { entries, facts: next.value };
    entries.push(next.value);
  }
}

/** Buffers and arrays of the same bytes are the same here. */
function plain(entry: TocEntry): unknown {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const xattrs = entry.xattrs && Array.from(entry.xattrs, ([key, value]) => [key, hex(value)]);
  return { ...entry, name: hex(entry.name), link: hex(entry.link), xattrs };
}

function isCorrupt(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch (error) {
    if (isWherryError(error, 'CORRUPT')) return true;
    throw error;
  }
}

const CASES: { name: string; entry: Partial<TocEntry> }[] = [
  { name: 'a plain file', entry: {} },
  { name: 'a name that is not UTF-8', entry: { name: Buffer.of(0xff, 0x2f, 0x80) } },
  { name: 'an empty name', entry: { name: Buffer.of() } },
  { name: 'a name longer than a chunk', entry: { name: noise(150_000) } },
  { name: 'a symlink', entry: { type: 'symlink', link: Buffer.from('../oar'), size: 0 } },
  { name: 'a device', entry: { type: 'char', devMajor: 1, devMinor: 1_048_575, size: 0 } },
  { name: 'a time before the epoch', entry: { mtime: -1, mtimeNs: 999_999_999 } },
  { name: 'a time far away', entry: { mtime: 2 ** 40 } },
  { name: 'a file beyond 4 GiB', entry: { size: 2 ** 45, dataOffset: 2 ** 46 } },
  { name: 'large owners', entry: { uid: 2 ** 32 - 1, gid: 2 ** 32 } },
  {
    name: 'attributes',
    entry: {
      xattrs: new Map([
        ['security.capability', noise(20)],
        ['user.é', Buffer.of()],
      ]),
    },
  },
];

function readByIndex(bytes: Uint8Array): ReturnType<typeof read> {
  const index = new TocIndex(bytes);
  const entries = Array.from({ length: index.length }, (_, at) => index.entry(at));
  for (const [at, { name, type }] of entries.entries()) {
    const text = Buffer.from(name).toString('latin1');
    const middle = name.length >> 1;
    expect(index.isFile(at)).toBe(type === 'file');
    expect(index.name(at)).toEqual(new Uint8Array(name));
    expect(index.isNamed(at, name.subarray(0, middle), `..${text.slice(middle)}`, 2)).toBe(true);
    expect(index.isNamed(at, name.subarray(0, middle), `..${text.slice(middle)}x`, 2)).toBe(false);
    if (name.length > 0)
      expect(index.isNamed(at, name.subarray(1), text.slice(0, 1), 0)).toBe(/^(.)\1*$/s.test(text));
  }
  return { entries, facts: index.facts };
}

describe.each([
  { way: 'entry by entry', read },
  { way: 'by an index', read: readByIndex },
])('the table of contents, $way', ({ read }) => {
  test.each(CASES)('keeps $name', ({ entry }) => {
    const entries = [PLAIN, { ...PLAIN, dataOffset: 71_168, ...entry }];
    const result = read(write(entries));
    expect(result.entries.map(plain)).toEqual(entries.map(plain));
    expect(result.facts).toEqual({ ...FACTS, entries: 2 });
  });

  test('reads the same in any pieces', async () => {
    const entries = CASES.map(({ entry }, i) => ({ ...PLAIN, ...entry, dataOffset: (i + 1) * 2 ** 46 }));
    const bytes = write(entries.filter(({ name }) => name.length < 1000));
    for (const size of [bytes.length, 1, 321]) {
      const found: unknown[] = [];
      for await (const entry of readTocSource(sourceOf(chunksOf(bytes, size)))) found.push(plain(entry));
      expect(found).toEqual(read(bytes).entries.map(plain));
    }
  });

  test('keeps an empty layer', () => {
    expect(read(write([]))).toEqual({ entries: [], facts: FACTS });
  });

  test('tells the facts from its end alone', () => {
    const bytes = write(Array.from({ length: 5000 }, (_, i) => ({ ...PLAIN, dataOffset: 512 + i * 71_168 })));
    expect(readTocFacts(bytes.subarray(-TOC_TAIL_BYTES))).toEqual({ ...FACTS, entries: 5000 });
    expect(readTocFacts(bytes.subarray(-400))).toEqual({ ...FACTS, entries: 5000 });
    expect(isCorrupt(() => readTocFacts(bytes.subarray(-100)))).toBe(true);
    expect(isCorrupt(() => readTocFacts(bytes.subarray(0, -1)))).toBe(true);
    expect(isCorrupt(() => readTocFacts(new Uint8Array(0)))).toBe(true);
  });

  test('refuses what stops anywhere, and what goes on', () => {
    const bytes = write(CASES.slice(4, 8).map(({ entry }) => ({ ...PLAIN, ...entry })));
    for (let length = 0; length < bytes.length; length++)
      expect([length, isCorrupt(() => read(bytes.subarray(0, length)))]).toEqual([length, true]);
    expect(isCorrupt(() => read(Buffer.concat([bytes, Buffer.of(0)])))).toBe(true);
    expect(isCorrupt(() => read(Buffer.concat([bytes, Buffer.alloc(100_000)])))).toBe(true);
  });

  test('refuses any changed byte', () => {
    const bytes = write(CASES.slice(4, 8).map(({ entry }) => ({ ...PLAIN, ...entry })));
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x55;
      expect([at, isCorrupt(() => read(changed))]).toEqual([at, true]);
    }
  });

  test.each([
    { name: 'another count of entries', facts: { ...FACTS, entries: 2 } },
    { name: 'no digest', facts: { ...FACTS, entries: 1, digest: 'sha256:1' as Digest } },
    { name: 'a negative size', facts: { ...FACTS, entries: 1, size: -1 } },
    { name: 'an unknown compression', facts: { ...FACTS, entries: 1, compression: 'lzip' as 'gzip' } },
  ])('refuses facts with $name', ({ facts }) => {
    expect(isCorrupt(() => read(write([PLAIN], facts)))).toBe(true);
  });

  test('holds names that share their start in little space, quickly', () => {
    const entries = Array.from({ length: 37_000 }, (_, i) => ({
      ...PLAIN,
      name: Buffer.from(`usr/share/doc/package-${Math.floor(i / 20)}/some/folder/file-${i}.txt`),
      dataOffset: 512 + i * 71_168,
    }));
    expect(write(entries).length).toBeLessThan(1_500_000);
  });

  test('keeps any entry', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    const count = fc.maxSafeNat();
    const entry = fc.record({
      name: bytes,
      type: fc.constantFrom<EntryType>('file', 'hardlink', 'symlink', 'char', 'block', 'directory', 'fifo'),
      mode: fc.nat(0o7777),
      uid: count,
      gid: count,
      size: fc.nat(),
      mtime: fc.maxSafeInteger().map((time) => time || 0),
      mtimeNs: fc.nat(999_999_999),
      link: bytes,
      devMajor: count,
      devMinor: count,
      dataOffset: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), (list) => {
        let end = 0;
        const entries = list.map((one) => {
          const dataOffset = end + one.dataOffset;
          end = dataOffset + one.size;
          return { ...one, dataOffset };
        });
        expect(read(write(entries)).entries.map(plain)).toEqual(entries.map(plain));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('fails in no other way, whatever the bytes', () => {
    const good = write(
      CASES.slice(4)
        .map(({ entry }) => ({ ...PLAIN, ...entry }))
        .slice(0, 4),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(good.length), (junk, at) => {
        const bytes = Buffer.concat([good.subarray(0, at), junk, good.subarray(at + junk.length)]);
        isCorrupt(() => read(bytes));
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

test('records of one table are entries of another', () => {
  const entries = Array.from({ length: 5000 }, (_, i) => ({
    ...PLAIN,
    name: Buffer.from(`usr/share/${i % 7}/file-${i}`),
    size: i,
    dataOffset: 512 + i * 8192,
  }));
  const { bytes, recordEnds } = new TocIndex(write(entries));
  const shifted = entries.map((entry) => ({ ...entry, dataOffset: entry.dataOffset + 1024 }));
  const chunks: Uint8Array[] = [];
  const writer = new TocWriter((chunk) => chunks.push(chunk));
  writer.add(shifted[0]!);
  writer.copy(bytes.subarray(recordEnds[0], recordEnds[4998]), shifted[4998]!);
  writer.add(shifted[4999]!);
  writer.finish({ ...FACTS, entries: entries.length });
  expect(Buffer.concat(chunks)).toEqual(Buffer.from(write(shifted)));
});
