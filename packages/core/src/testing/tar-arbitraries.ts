import fc from 'fast-check';
import { concatBytes } from '../bytes/concat.ts';
import { tarEnd } from '../tar/writer.ts';
import { type FixtureEntry, LAYER_ENTRIES, patched, rawBlocks, tarOf } from './tar-fixtures.ts';

const nameArbitrary = fc.oneof(
  fc.stringMatching(/^[a-z./]{1,20}$/),
  fc.stringMatching(/^[a-z/]{90,300}$/),
  fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => bytes.map((byte) => byte || 1)),
);

const fieldsArbitrary = fc.record({
  name: nameArbitrary,
  mode: fc.nat(0o7777),
  uid: fc.oneof(fc.nat(0o7777777), fc.maxSafeNat()),
  gid: fc.oneof(fc.nat(0o7777777), fc.maxSafeNat()),
  mtime: fc.oneof(
    fc.nat(),
    fc.maxSafeInteger().filter((value) => value > -(2 ** 52)),
  ),
  mtimeNs: fc.oneof(fc.constant(0), fc.nat(999_999_999)),
  xattrs: fc
    .dictionary(
      fc.stringMatching(/^user\.[a-zé=]{1,9}$/u).filter((key) => !key.includes('=')),
      fc.uint8Array(),
      {
        maxKeys: 2,
      },
    )
    .map((record) => new Map(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))),
});

/** Entries as a writer takes them. */
export const tarEntries: fc.Arbitrary<FixtureEntry> = fieldsArbitrary.chain((fields) =>
  fc.oneof(
    fc.uint8Array({ maxLength: 1500 }).map((content) => ({ ...fields, type: 'file' as const, content })),
    fc.constant({ ...fields, type: 'directory' as const }),
    fc.constant({ ...fields, type: 'fifo' as const }),
    nameArbitrary.map((link) => ({ ...fields, type: 'symlink' as const, link })),
    nameArbitrary.map((link) => ({ ...fields, type: 'hardlink' as const, link })),
    fc.tuple(fc.nat(0o7777777), fc.nat(0o7777777)).map(([devMajor, devMinor]) => ({
      ...fields,
      type: 'char' as const,
      devMajor,
      devMinor,
    })),
  ),
);

const stackPath = fc
  .array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 3 })
  .map((elements) => elements.join('/'));

const stackFields = fc.record({
  mode: fc.constantFrom(0o644, 0o755, 0o4755),
  uid: fc.nat(3),
  mtime: fc.integer({ min: -2, max: 9 }),
  mtimeNs: fc.constantFrom(0, 5),
  xattrs: fc.constantFrom(undefined, new Map([['user.x', Uint8Array.of(0, 1)]])),
});

const stackEntry: fc.Arbitrary<FixtureEntry> = fc
  .tuple(stackPath, stackPath, stackFields, fc.uint8Array({ maxLength: 700 }), fc.constantFrom('', '/', './'))
  .chain(([name, link, { xattrs, ...rest }, content, root]) => {
    const fields = { ...rest, ...(xattrs && { xattrs }) };
    const slash = name.lastIndexOf('/') + 1;
    const file = fc.constant<FixtureEntry>({ ...fields, name, type: 'file', content });
    const directory = fc.constant<FixtureEntry>({ ...fields, name: `${name}/`, type: 'directory' });
    const whiteout = `${name.slice(0, slash)}.wh.${name.slice(slash)}`;
    return fc.oneof(
      file,
      file,
      directory,
      directory,
      fc.constant<FixtureEntry>({ ...fields, name, type: 'symlink', link: root + link }),
      fc.constant<FixtureEntry>({ ...fields, name, type: 'hardlink', link: root + link }),
      fc.constant<FixtureEntry>({ ...fields, name, type: 'char', devMajor: 1, devMinor: 3 }),
      fc.constant<FixtureEntry>({ name: root + whiteout, type: 'file' }),
      fc.constant<FixtureEntry>({ name: `${name}/.wh..wh..opq`, type: 'file' }),
    );
  });

/**
 * Layers, base first, whose few paths meet again and again, whiteouts among them. Hard links may lead to what
 * is not there.
 */
export const layerStacks: fc.Arbitrary<FixtureEntry[][]> = fc.array(fc.array(stackEntry, { maxLength: 8 }), {
  minLength: 1,
  maxLength: 5,
});

/** A block with a right checksum and odd contents, so that what lies behind the checksum is reached too. */
const oddBlock = fc
  .tuple(
    fc.constantFrom('0', 'x', 'g', 'L', 'K', '5', '1', 'S', 'V', 'A', 'Z', '\0', '7'),
    fc.constantFrom('ustar\x0000', 'ustar  \0', '\0\0\0\0\0\0\0\0'),
    fc.array(fc.tuple(fc.nat(508), fc.uint8Array({ minLength: 1, maxLength: 4 })), { maxLength: 4 }),
    fc.oneof(
      fc.string({ maxLength: 40 }),
      fc
        .array(
          fc.tuple(
            fc.constantFrom('path', 'size', 'uid', 'mtime', 'SCHILY.xattr.a'),
            fc.stringMatching(/^[-0-9.a]{0,6}$/),
          ),
        )
        .map((records) => records.map(([key, value]) => paxRecord(key, value)).join('')),
    ),
  )
  .map(([flag, magic, patches, body]) => {
    let block = patched(rawBlocks({ name: 'odd', flag, body }), 257, magic);
    for (const [at, bytes] of patches) block = patched(block, at, bytes);
    return block;
  });

/** Archives that are broken, odd or no archives at all. */
export const damagedTars = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }),
  fc.array(oddBlock, { maxLength: 6 }).map((blocks) => concatBytes([...blocks, tarEnd()])),
  fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat()).map(([at, byte, end]) => {
    const bytes = tarOf(...LAYER_ENTRIES);
    return bytes.with(at % bytes.length, byte).subarray(0, end % (2 * bytes.length));
  }),
);

/** One PAX record, for fewer than 90 bytes of ASCII. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const guess = rest.length + 1;
  return `${guess > 9 ? guess + 1 : guess}${rest}`;
}
