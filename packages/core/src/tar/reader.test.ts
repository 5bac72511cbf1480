import { describe, expect, test } from 'vitest';
import type { ByteSource } from '../bytes/byte-source.ts';
import { collect } from '../bytes/collect.ts';
import { bytesOf } from '../bytes/from.ts';
import { chunkings } from '../testing/chunks.ts';
import { LAYER_ENTRIES, tarOf } from '../testing/tar-fixtures.ts';
import { readTar } from './reader.ts';

const THREE = tarOf(
  { name: 'a', type: 'file', content: 'first' },
  { name: 'b'.repeat(200), type: 'file', content: 'x'.repeat(2000) },
  { name: 'c', type: 'file', content: 'last' },
);

const read = async (body: ByteSource) => Buffer.from(await collect(body, 1 << 20)).toString();

describe('readTar', () => {
  test.each(chunkings(tarOf(...LAYER_ENTRIES)))(
    'gives every entry with its payload, from $name',
    async ({ chunks }) => {
      const contents: string[] = [];
      for await (const { body, bytes } of readTar(bytesOf(...chunks))) {
        const content = await read(body);
        contents.push(content);
        if (bytes) expect(Buffer.from(bytes).toString()).toBe(content);
        else expect(chunks.length).toBeGreaterThan(1);
      }
      expect(contents).toEqual(
        LAYER_ENTRIES.map(({ content = '' }) => Buffer.from(content as string).toString()),
      );
    },
  );

  test.each(chunkings(THREE))('passes over bodies that nobody reads, from $name', async ({ chunks }) => {
    const names: string[] = [];
    for await (const { entry, body } of readTar(bytesOf(...chunks))) {
      names.push(Buffer.from(entry.name).toString());
      if (entry.size > 1000) for await (const _ of body) break;
      if (names.length === 3) expect(await read(body)).toBe('last');
    }
    expect(names).toEqual(['a', 'b'.repeat(200), 'c']);
  });

  test('refuses a body after its entry', async () => {
    const bodies: ByteSource[] = [];
    for await (const { body } of readTar(bytesOf(THREE))) bodies.push(body);
    await expect(read(bodies[0]!)).rejects.toThrow('body read after the next entry was asked for');
  });

  test('throws in the body that is cut short, or at the next entry', async () => {
    const cut = THREE.subarray(0, 514);
    const run = async (isRead: boolean) => {
      for await (const { body } of readTar(bytesOf(cut))) if (isRead) await read(body);
    };
    await expect(run(true)).rejects.toMatchObject({ code: 'TRUNCATED', message: 'unexpected EOF' });
    await expect(run(false)).rejects.toMatchObject({ code: 'TRUNCATED', message: 'unexpected EOF' });
  });

  test('throws what a scanner throws', async () => {
    const files = readTar(bytesOf(new Uint8Array(512).fill(1)));
    await expect(files.next()).rejects.toMatchObject({
      code: 'INVALID_TAR',
    });
  });

  test('closes the source when the reader leaves, and reads it to its end otherwise', async () => {
    let left = '';
    async function* source(): ByteSource {
      try {
        yield THREE;
        yield new Uint8Array(5000);
        left = 'end';
      } finally {
        left ||= 'closed';
      }
    }
    for await (const _ of readTar(source())) break;
    expect(left).toBe('closed');
    left = '';
    for await (const _ of readTar(source()));
    expect(left).toBe('end');
  });
});
