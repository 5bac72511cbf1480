import { describe, expect, test } from 'vitest';
import { collect } from '../bytes/collect.ts';
import { bytesOf } from '../bytes/from.ts';
import { scanTar } from '../testing/scan-tar.ts';
import { LAYER_ENTRIES, tarOf } from '../testing/tar-fixtures.ts';
import { TsTarScanner } from './ts-tar-scanner.ts';
import { encodeTarHeader, type TarEntryInit, tarPadding, writeTar, writeTarEntry } from './writer.ts';

const BLOCK_BYTES = 512;

describe('encodeTarHeader', () => {
  const plain: { name: string; entry: TarEntryInit }[] = [
    { name: 'a short name', entry: { name: 'a', type: 'file', size: 5, mtime: 1_700_000_000 } },
    {
      name: 'a name that fits with a prefix',
      entry: { name: `${'d/'.repeat(70)}${'n'.repeat(100)}`, type: 'file' },
    },
    { name: 'the largest numbers', entry: { name: 'a', type: 'file', size: 8 ** 11 - 1, uid: 8 ** 7 - 1 } },
    { name: 'a device', entry: { name: 'null', type: 'char', devMajor: 1, devMinor: 3 } },
  ];
  test.each(plain)('writes one ustar block for $name', ({ entry }) => {
    const block = encodeTarHeader(entry);
    expect(block).toHaveLength(BLOCK_BYTES);
    expect(Buffer.from(block.subarray(257, 265)).toString('latin1')).toBe('ustar\x0000');
  });

  const extended: { name: string; entry: TarEntryInit; body: string }[] = [
    {
      name: 'a name without a place to split',
      entry: { name: 'n'.repeat(101), type: 'file' },
      body: `111 path=${'n'.repeat(101)}\n`,
    },
    { name: 'a name that is not ASCII', entry: { name: 'é', type: 'file' }, body: '11 path=é\n' },
    {
      name: 'a long target',
      entry: { name: 'l', type: 'symlink', link: 't'.repeat(101) },
      body: `115 linkpath=${'t'.repeat(101)}\n`,
    },
    { name: 'a large owner', entry: { name: 'a', type: 'file', uid: 8 ** 7 }, body: '15 uid=2097152\n' },
    { name: 'a large size', entry: { name: 'a', type: 'file', size: 8 ** 11 }, body: '19 size=8589934592\n' },
    {
      name: 'a fraction of a second',
      entry: { name: 'a', type: 'file', mtime: 1, mtimeNs: 5e8 },
      body: '13 mtime=1.5\n',
    },
    {
      name: 'a time before 1970',
      entry: { name: 'a', type: 'file', mtime: -1, mtimeNs: 5e8 },
      body: '14 mtime=-0.5\n',
    },
    {
      name: 'extended attributes, sorted',
      entry: {
        name: 'a',
        type: 'file',
        xattrs: new Map([
          ['user.b', Uint8Array.of(50)],
          ['user.a', Uint8Array.of(49)],
        ]),
      },
      body: '25 SCHILY.xattr.user.a=1\n25 SCHILY.xattr.user.b=2\n',
    },
  ];
  test.each(extended)('writes a PAX header for $name', ({ entry, body }) => {
    const blocks = Buffer.from(encodeTarHeader(entry));
    const size = Buffer.byteLength(body);
    expect(blocks.toString('latin1', 156, 157)).toBe('x');
    expect(blocks.toString('utf8', BLOCK_BYTES, BLOCK_BYTES + size)).toBe(body);
    expect(blocks).toHaveLength(2 * BLOCK_BYTES + size + tarPadding(size).length);
  });

  test('counts the digits of a record length that grows by its own digits', () => {
    for (let length = 85; length < 105; length++) {
      const name = `é${'n'.repeat(length)}`;
      const { entries } = scanTar(new TsTarScanner(), [encodeTarHeader({ name, type: 'file' })]);
      expect(Buffer.from(entries[0]!.name).toString()).toBe(name);
    }
  });

  test('never lets a shortened name end in a slash', () => {
    const name = `${'n'.repeat(98)}é//tail`;
    const header = encodeTarHeader({ name, type: 'file' }).subarray(-BLOCK_BYTES);
    expect(Buffer.from(header.subarray(0, 100)).toString('latin1').replace(/\0+$/, '')).toBe('n'.repeat(98));
  });

  const refused: { name: string; entry: TarEntryInit; message: string }[] = [
    { name: 'no name', entry: { name: '', type: 'file' }, message: 'tar entry : empty name' },
    {
      name: 'a NUL in a name',
      entry: { name: 'a\0', type: 'file' },
      message: 'tar entry a\0: name holds a NUL',
    },
    {
      name: 'a NUL in a target',
      entry: { name: 'a', type: 'symlink', link: '\0' },
      message: 'tar entry a: link target holds a NUL',
    },
    {
      name: 'a target of a file',
      entry: { name: 'a', type: 'file', link: 'b' },
      message: 'tar entry a: a file has no link target',
    },
    {
      name: 'a payload of a directory',
      entry: { name: 'a', type: 'directory', size: 1 },
      message: 'tar entry a: a directory has no payload',
    },
    {
      name: 'a negative owner',
      entry: { name: 'a', type: 'file', uid: -1 },
      message: 'tar entry a: uid -1 is out of range',
    },
    {
      name: 'too many nanoseconds',
      entry: { name: 'a', type: 'file', mtimeNs: 1e9 },
      message: 'tar entry a: mtimeNs 1000000000 is out of range',
    },
    {
      name: 'a mode with type bits',
      entry: { name: 'a', type: 'file', mode: 0o100644 },
      message: 'tar entry a: mode 33188 is out of range',
    },
    {
      name: 'a size that is no number',
      entry: { name: 'a', type: 'file', size: Number.NaN },
      message: 'tar entry a: size NaN is out of range',
    },
  ];
  test.each(refused)('refuses $name', ({ entry, message }) => {
    expect(() => encodeTarHeader(entry)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
    );
  });

  test('refuses an extended attribute whose name a record cannot hold', () => {
    const xattrs = new Map([['user.a=b', new Uint8Array(0)]]);
    expect(() => encodeTarHeader({ name: 'a', type: 'file', xattrs })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

describe('writeTar', () => {
  test('writes the same bytes as the fixtures, payload from bytes or a source', async () => {
    const items = LAYER_ENTRIES.map(({ content = '', ...entry }) => {
      const body = typeof content === 'string' ? new TextEncoder().encode(content) : content;
      if (entry.type !== 'file') return { entry };
      return body.length % 2
        ? { entry, body }
        : { entry: { ...entry, size: body.length }, body: bytesOf(body) };
    });
    expect(Buffer.from(await collect(writeTar(items), 1 << 20)).equals(tarOf(...LAYER_ENTRIES))).toBe(true);
  });

  test.each([
    { name: 'too few', content: 'ab', message: 'tar entry a: size 2, want 3' },
    { name: 'too many', content: 'abcd', message: 'tar entry a: size 4, want 3' },
  ])('throws when a source has $name bytes', async ({ content, message }) => {
    const tar = writeTarEntry({ name: 'a', type: 'file', size: 3 }, bytesOf(content));
    await expect(collect(tar, 1 << 20)).rejects.toMatchObject({ code: 'SIZE_MISMATCH', message });
  });
});
