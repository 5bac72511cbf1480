import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ByteRange } from '../../bytes/byte-range.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import type { Digest } from '../../digest.ts';
import { verifiedReads } from './verified-reads.ts';

const BYTES = Buffer.from('0123456789');

function described(bytes: Uint8Array, size = bytes.length) {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
  return { mediaType: '', digest, size };
}

function reads(bytes: Uint8Array, chunk: number) {
  return async function* (range?: ByteRange): ByteSource {
    const end = range?.end ?? bytes.length;
    for (let at = range?.start ?? 0; at < end; at += chunk)
      yield bytes.subarray(at, Math.min(end, at + chunk));
  };
}

/** What comes before the end, or before the error. */
async function taken(source: ByteSource): Promise<string> {
  let text = '';
  try {
    for await (const chunk of source) text += Buffer.from(chunk).toString();
  } catch (error) {
    return `${text} ${(error as { code?: string }).code}`;
  }
  return text;
}

describe.each([1, 3, 10])('reads of a blob in chunks of %i', (chunk) => {
  test('pass the right bytes on, whatever is read twice or from the middle', async () => {
    const read = verifiedReads(described(BYTES), reads(BYTES, chunk));
    expect(await taken(read())).toBe('0123456789');
    expect(await taken(read({ start: 0, end: 4 }))).toBe('0123');
    expect(await taken(read({ start: 2, end: 6 }))).toBe('2345');
    expect(await taken(read({ start: 6 }))).toBe('6789');
    expect(await taken(verifiedReads(described(BYTES), reads(BYTES, chunk))({ start: 7 }))).toBe('789');
  });

  test('are not confused by an earlier one that nobody reads any more', async () => {
    const read = verifiedReads(described(BYTES), reads(BYTES, chunk));
    const stale = read()[Symbol.asyncIterator]();
    await stale.next();
    const fresh = read()[Symbol.asyncIterator]();
    const text = Buffer.from((await fresh.next()).value ?? '').toString();
    expect(await stale.next()).toMatchObject({ done: true });
    expect(text + (await taken({ [Symbol.asyncIterator]: () => fresh }))).toBe('0123456789');
  });

  test('keep the last bytes of wrong ones back', async () => {
    const wrong = described(Buffer.from('0123456780'));
    expect(await taken(verifiedReads(wrong, reads(BYTES, chunk))())).toMatch(/^[0-8]* DIGEST_MISMATCH$/);
    const read = verifiedReads(wrong, reads(BYTES, chunk));
    expect(await taken(read({ start: 0, end: 5 }))).toBe('01234');
    expect(await taken(read({ start: 5 }))).toMatch(/^[5-8]* DIGEST_MISMATCH$/);
    expect(await taken(verifiedReads(wrong, reads(BYTES, chunk))({ start: 9 }))).toBe(' DIGEST_MISMATCH');
  });

  test('tell a blob of another size', async () => {
    expect(await taken(verifiedReads(described(BYTES.subarray(0, 9)), reads(BYTES, chunk))())).toMatch(
      /SIZE_MISMATCH$/,
    );
    expect(await taken(verifiedReads(described(BYTES, 11), reads(BYTES, chunk))())).toMatch(/SIZE_MISMATCH$/);
  });
});
