import { describe, expect, test } from 'vitest';
import type { Digest } from '../digest.ts';
import { chunkings, chunksOf } from '../testing/chunks.ts';
import type { ByteSource } from './byte-source.ts';
import { collect } from './collect.ts';
import { concatBytes } from './concat.ts';
import { bytesOf } from './from.ts';
import { limit } from './limit.ts';
import { createNodeHasher } from './node-hasher.ts';
import { rechunk } from './rechunk.ts';
import { teeHash } from './tee-hash.ts';
import { verifyBlob } from './verify.ts';

const encode = (text: string) => new TextEncoder().encode(text);
const HELLO = {
  digest: 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824' as Digest,
  size: 5,
};

/** A source that records how it was left. */
function watched(...chunks: Uint8Array[]): { source: ByteSource; left: () => string | undefined } {
  let left: string | undefined;
  async function* generate(): ByteSource {
    try {
      for (const chunk of chunks) yield chunk;
      left = 'read to its end';
    } finally {
      left ??= 'closed';
    }
  }
  return { source: generate(), left: () => left };
}

async function chunksIn(source: ByteSource): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return chunks;
}

describe('collect', () => {
  test.each(chunkings(encode('hello')))('joins a document that comes as $name', async ({ chunks }) => {
    expect(await collect(bytesOf(...chunks), 5)).toEqual(encode('hello'));
  });

  test('gives an empty array for no bytes', async () => {
    expect(await collect(bytesOf(), 0)).toEqual(new Uint8Array(0));
  });

  test('throws as soon as there are too many bytes, and closes the source', async () => {
    const { source, left } = watched(encode('hel'), encode('lo'), encode('!'));
    await expect(collect(source, 4, 'manifest')).rejects.toMatchObject({
      code: 'TOO_LARGE',
      message: 'manifest: more than 4 bytes',
    });
    expect(left()).toBe('closed');
  });
});

describe('limit', () => {
  test('passes on what fits, chunk for chunk', async () => {
    const chunks = [encode('he'), encode('llo')];
    expect(await chunksIn(limit(bytesOf(...chunks), 5))).toEqual(chunks);
  });

  test('throws before it hands out a byte too many', async () => {
    const seen: Uint8Array[] = [];
    const run = async () => {
      for await (const chunk of limit(bytesOf('hel', 'lo'), 4)) seen.push(chunk);
    };
    await expect(run()).rejects.toMatchObject({ code: 'TOO_LARGE' });
    expect(seen).toEqual([encode('hel')]);
  });

  test('closes the source when the reader leaves', async () => {
    const { source, left } = watched(encode('a'), encode('b'));
    for await (const _ of limit(source, 10)) break;
    expect(left()).toBe('closed');
  });
});

describe('verifyBlob', () => {
  const verified = (source: ByteSource, expected = HELLO) => verifyBlob(source, expected, createNodeHasher());

  test.each(chunkings(encode('hello')))('passes on a blob that is right, as $name', async ({ chunks }) => {
    expect(concatBytes(await chunksIn(verified(bytesOf(...chunks))))).toEqual(encode('hello'));
  });

  test('throws DIGEST_MISMATCH instead of ending', async () => {
    await expect(chunksIn(verified(bytesOf('hallo')))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      details: { want: HELLO.digest },
    });
  });

  test('throws SIZE_MISMATCH at the end of too few bytes', async () => {
    await expect(chunksIn(verified(bytesOf('hell')))).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
      message: `blob ${HELLO.digest}: size 4, want 5`,
    });
  });

  test('throws SIZE_MISMATCH as soon as there are too many bytes, and closes the source', async () => {
    const { source, left } = watched(encode('hello'), encode(' world'), encode('!'));
    await expect(chunksIn(verified(source))).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
      message: `blob ${HELLO.digest}: size 11, want 5`,
    });
    expect(left()).toBe('closed');
  });

  test('verifies blobs of no bytes', async () => {
    const digest = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' as Digest;
    expect(await chunksIn(verified(bytesOf(), { digest, size: 0 }))).toEqual([]);
  });
});

test('teeHash shows every byte to the hasher', async () => {
  const hasher = createNodeHasher();
  expect(await chunksIn(teeHash(bytesOf('hel', 'lo'), hasher))).toEqual([encode('hel'), encode('lo')]);
  expect(hasher.digest()).toBe(HELLO.digest);
});

describe('rechunk', () => {
  test('joins small chunks until they are large enough', async () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
    const chunks = await chunksIn(rechunk(bytesOf(...chunksOf(bytes, 7)), 30));
    expect(chunks.map((chunk) => chunk.length)).toEqual([35, 35, 30]);
    expect(concatBytes(chunks)).toEqual(bytes);
  });

  test('passes large chunks on as they are and drops empty ones', async () => {
    const large = new Uint8Array(50);
    const [first, ...others] = await chunksIn(
      rechunk(bytesOf(new Uint8Array(0), large, new Uint8Array(0)), 30),
    );
    expect(first).toBe(large);
    expect(others).toEqual([]);
  });

  test('hands over what is left when the source ends', async () => {
    expect(await chunksIn(rechunk(bytesOf('a', 'b'), 30))).toEqual([encode('ab')]);
    expect(await chunksIn(rechunk(bytesOf(), 30))).toEqual([]);
  });

  test('gives back the memory of what it joined, and of nothing that it passes on', async () => {
    const [small, other, large] = [encode('ab').slice(), encode('cd').slice(), new Uint8Array(50)];
    const chunks = await chunksIn(rechunk(bytesOf(small, other, large), 4, true));
    expect(chunks).toEqual([encode('abcd'), new Uint8Array(50)]);
    expect([small.length, other.length, large.length]).toEqual([0, 0, 50]);
  });
});
