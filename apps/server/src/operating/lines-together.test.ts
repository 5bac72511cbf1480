import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { linesTogether } from './lines-together.ts';

test('the lines of one turn are written at once, in order', async () => {
  const written: string[] = [];
  const { write, flush } = linesTogether((text) => void written.push(text));
  write('a\n');
  write('b\n');
  expect(written).toEqual([]);
  await nextTurn();
  write('c\n');
  await nextTurn();
  write('d\n');
  flush();
  expect(written).toEqual(['a\nb\n', 'c\n', 'd\n']);
});

test('what is collected when the process ends is written', () => {
  const written: string[] = [];
  const before = process.listeners('exit');
  const { write } = linesTogether((text) => void written.push(text));
  write('last\n');
  for (const listener of process.listeners('exit')) if (!before.includes(listener)) listener(0);
  expect(written).toEqual(['last\n']);
});
