import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fileListDigest, fileListText, parseFileList } from './file-list.ts';

/** Bytes one a character, as paths have them. */
const text = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const files = fc.array(fc.record({ path: text, state: text }), { maxLength: 20 });

test('a list is read as it was written', () => {
  fc.assert(
    fc.property(files, (list) => {
      const bytes = Buffer.concat([...fileListText(list)].map((piece) => Buffer.from(piece)));
      expect([...parseFileList(bytes.toString('utf8'))]).toEqual(list);
      expect(fileListDigest([bytes])).toBe(fileListDigest(fileListText(list)));
    }),
    { seed: 4 },
  );
});

test('a long list comes in pieces', () => {
  const list = Array.from({ length: 3000 }, (_, i) => ({ path: `${i}`, state: 'x'.repeat(50) }));
  const pieces = [...fileListText(list)];
  expect(pieces.length).toBeGreaterThan(1);
  expect([...parseFileList(pieces.join(''))]).toEqual(list);
});

test('no two lists have one text', () => {
  const texts = [
    [{ path: 'a', state: 'b' }],
    [{ path: 'ab', state: '' }],
    [{ path: 'a', state: 'b\n1 1 ab' }],
    [
      { path: 'a', state: 'b' },
      { path: 'a', state: 'b' },
    ],
  ].map((list) => [...fileListText(list)].join(''));
  expect(new Set(texts).size).toBe(texts.length);
});
