import { expect, test } from 'vitest';
import { chunksOf } from '../testing/chunks.ts';
import { gather, noise, sourceOf } from '../testing/layer-fixtures.ts';
import { LAYER_ENTRIES } from '../testing/tar-fixtures.ts';
import { packTar } from './tar-chunks.ts';
import { type TarItem, tarPadding, writeTar } from './writer.ts';

async function* flowing(items: readonly TarItem[]) {
  for (const item of items) yield item;
}

const SIZES = [0, 1, 511, 512, 513, 65_535, 65_536, 262_144, 262_145, 700_000];

function items(chunkBytes: number | undefined): TarItem[] {
  const files = SIZES.map((size, i) => {
    const bytes = noise(size, i + 1);
    const body = chunkBytes === undefined ? bytes : sourceOf(chunksOf(bytes, chunkBytes));
    return { entry: { name: `f${i}`, type: 'file' as const, size }, body };
  });
  const others = LAYER_ENTRIES.filter(({ type }) => type !== 'file').map((entry) => ({ entry }));
  return [...files, ...others, ...files.map(({ entry }) => ({ entry: { ...entry, name: 'ü', size: 0 } }))];
}

test.each([undefined, 1000, 65_536, 1 << 20])(
  'an archive is what it is from a plain writer, bodies %s',
  async (size) => {
    const packed: Uint8Array[] = [];
    for await (const chunk of packTar(flowing(items(size)))) packed.push(chunk);
    expect(Buffer.concat(packed)).toEqual(await gather(writeTar(items(size))));
  },
);

test('thousands of small files come in few chunks', async () => {
  const body = noise(300);
  const many = Array.from({ length: 3000 }, (_, i) => ({
    entry: { name: `f${i}`, type: 'file' as const, size: body.length },
    body,
  }));
  let chunks = 0;
  for await (const chunk of packTar(flowing(many))) chunks += chunk.length > 0 ? 1 : Infinity;
  expect(chunks).toBe(Math.ceil((3000 * (512 + 300 + tarPadding(300).length) + 1024) / 262_144));
});

test.each([
  { name: 'too short', body: noise(4) },
  { name: 'too long', body: noise(6) },
  { name: 'a source that is too short', body: sourceOf([noise(4)]) },
  { name: 'a source that is too long', body: sourceOf([noise(4), noise(4)]) },
])('a body that is $name is refused', async ({ body }) => {
  const packed = packTar(flowing([{ entry: { name: 'f', type: 'file', size: 5 }, body }]));
  await expect(gather(packed)).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
});
