import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SafeRoot } from './safe-path.ts';
import type { Place } from './tree-node.ts';

let place: string;
let root: SafeRoot;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'wherry-safe-'));
  for (const name of ['root', 'outside']) mkdirSync(join(place, name));
  root = new SafeRoot(join(place, 'root'));
});
afterEach(() => {
  root.close();
  rmSync(place, { recursive: true, force: true });
});

const settle = (name: string): Place => root.settle(Buffer.from(name), () => {});
const write = (at: Place) => writeFileSync(root.pathOf(at), 'x', { flag: 'wx' });
const outside = () => readdirSync(join(place, 'outside'));

test.each([
  { name: 'a/b', path: 'a', base: 'b' },
  { name: '/a/b', path: 'a', base: 'b' },
  { name: './a//b/', path: 'a', base: 'b' },
  { name: '../../a/b', path: 'a', base: 'b' },
  { name: 'x/../a/./c/../b', path: 'a', base: 'b' },
  { name: 'a/..', path: '', base: '' },
  { name: '', path: '', base: '' },
  { name: '..', path: '', base: '' },
])('settles $name below the root', ({ name, path, base }) => {
  const settled = settle(name);
  expect({ path: settled.directory.path, base: settled.base }).toEqual({ path, base });
});

test('does not follow a link that takes the place of a directory', () => {
  const inside = settle('d/x');
  renameSync(join(place, 'root/d'), join(place, 'aside'));
  symlinkSync(join(place, 'outside'), join(place, 'root/d'));
  expect(() => write(inside)).toThrow(/ELOOP|ENOTDIR/);
  expect(outside()).toEqual([]);
});

test('goes on in a directory that it has opened, wherever the name leads now', () => {
  write(settle('d/first'));
  renameSync(join(place, 'root/d'), join(place, 'aside'));
  symlinkSync(join(place, 'outside'), join(place, 'root/d'));
  write(settle('d/second'));
  expect(readdirSync(join(place, 'aside'))).toEqual(['first', 'second']);
  expect(outside()).toEqual([]);
});

test('does not leave the root when a directory above is swapped while it removes', () => {
  write(settle('d/sub/x'));
  writeFileSync(join(place, 'outside/x'), '');
  // Many others, so that none of these is open any more.
  for (let i = 0; i < 300; i++) write(settle(`other-${i}/x`));
  renameSync(join(place, 'root/d/sub'), join(place, 'aside'));
  symlinkSync(join(place, 'outside'), join(place, 'root/d/sub'));
  expect(() => root.remove(settle('d'))).toThrow(/ELOOP|ENOTDIR/);
  expect(outside()).toEqual(['x']);
});

test('keeps two paths apart however far down they lie', () => {
  const [one, other] = ['a', 'b'].map((name) => settle(`${name}/${`${name}/`.repeat(300)}f`)) as [
    Place,
    Place,
  ];
  write(one);
  const [first, second] = root.pathsOf(one, other);
  expect(readdirSync(String(first).replace(/\/f$/, ''))).toEqual(['f']);
  expect(readdirSync(String(second).replace(/\/f$/, ''))).toEqual([]);
});
