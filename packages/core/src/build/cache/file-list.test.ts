import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StepFile } from '../step-inputs.ts';
import { fileListDigest, fileListText, TextFileList, withoutCommon } from './file-list.ts';

/** Bytes one a character, as paths have them. */
const text = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const files = fc.array(fc.record({ path: text, state: text }), { maxLength: 20 });

test('a list is read as it was written', () => {
  fc.assert(
    fc.property(files, (list) => {
      const bytes = Buffer.concat([...fileListText(list)].map((piece) => Buffer.from(piece)));
      expect([...new TextFileList(bytes.toString('utf8'))]).toEqual(list);
      expect(fileListDigest([bytes])).toBe(fileListDigest(fileListText(list)));
    }),
    { seed: 4 },
  );
});

test('a long list comes in pieces', () => {
  const list = Array.from({ length: 3000 }, (_, i) => ({ path: `${i}`, state: 'x'.repeat(50) }));
  const pieces = [...fileListText(list)];
  expect([...fileListText(new TextFileList(pieces.join('')))].join('')).toBe(pieces.join(''));
  expect(pieces.length).toBeGreaterThan(1);
  expect([...new TextFileList(pieces.join(''))]).toEqual(list);
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

test('what two lists have in common is left out', () => {
  const lists = fc.uniqueArray(fc.record({ path: text, state: fc.constantFrom('a', 'ab', 'a\n1 1 ab') }), {
    selector: ({ path }) => path,
    maxLength: 20,
  });
  const sorted = (list: { path: string; state: string }[]) =>
    list.sort((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
  fc.assert(
    fc.property(lists, lists, lists, (common, first, second) => {
      const taken = new Set(common.map(({ path }) => path));
      const [before, now] = [first, second].map((own) =>
        sorted([...common, ...own.filter(({ path }) => !taken.has(path))]),
      );
      const isIn = (list: readonly StepFile[], { path, state }: StepFile) =>
        list.some((file) => file.path === path && file.state === state);
      const listOf = (list: readonly StepFile[]) => new TextFileList([...fileListText(list)].join(''));
      const [left, right] = withoutCommon(listOf(before!), listOf(now!));
      expect([...left]).toEqual(before!.filter((file) => !isIn(now!, file)));
      expect([...right]).toEqual(now!.filter((file) => !isIn(before!, file)));
    }),
    { seed: 4 },
  );
});
