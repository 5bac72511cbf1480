import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SpecMount } from '../../runtime/spec/runtime-spec.ts';
import { makeMountPoints, removeMountPoints } from './mount-points.ts';

/** Whose upper directory is itself: what a copy is. */
let rootfs: string;
beforeEach(() => {
  rootfs = mkdtempSync(join(tmpdir(), 'wherry-points-'));
  mkdirSync(at('etc'));
  mkdirSync(at('real'));
  symlinkSync('/real', at('link'));
  for (const name of ['etc', 'real']) utimesSync(at(name), 1000, 1000.5);
});
afterEach(() => rmSync(rootfs, { recursive: true }));

const at = (...names: string[]) => join(rootfs, ...names);
const tree = () => readdirSync(rootfs, { recursive: true }).map(String).sort();
const tmpfs = (destination: string): SpecMount => ({ destination, type: 'tmpfs', source: 'x', options: [] });
const file = (destination: string): SpecMount => ({
  ...tmpfs(destination),
  type: 'bind',
  source: import.meta.filename,
});
const make = (...mounts: SpecMount[]) => makeMountPoints(mounts, { rootfs, upper: undefined, seenAt: '' });

test('are made as the runtime would, once, and go again without a trace', () => {
  const before = tree();
  const points = make(
    tmpfs('/dev'),
    tmpfs('/dev/shm'),
    file('/etc/hosts'),
    tmpfs('/link/a/b'),
    tmpfs('/etc'),
  );
  expect(points.made).toEqual(['dev', 'etc/hosts', 'real/a', 'real/a/b']);
  expect(lstatSync(at('etc/hosts')).isFile()).toBe(true);
  expect(lstatSync(at('etc')).mtimeMs).toBe(1000_500);
  removeMountPoints(rootfs, points);
  expect(tree()).toEqual(before);
  for (const name of ['etc', 'real']) expect(lstatSync(at(name)).mtimeMs).toBe(1000_500);
});

test('stay where somebody put something', () => {
  const points = make(file('/etc/hosts'), file('/f'), tmpfs('/a/b/c'));
  writeFileSync(at('f'), 'text');
  writeFileSync(at('a/own'), '');
  utimesSync(at('etc'), 2000, 2000);
  removeMountPoints(rootfs, points);
  expect(tree()).toEqual(['a', 'a/own', 'etc', 'f', 'link', 'real']);
  expect(lstatSync(at('etc')).mtimeMs).toBe(2000_000);
});

test('that were put elsewhere are not looked for behind links', () => {
  const points = make(file('/a/b/f'), tmpfs('/c'));
  rmSync(at('a'), { recursive: true });
  rmSync(at('c'), { recursive: true });
  mkdirSync(at('real/b'));
  writeFileSync(at('real/b/f'), '');
  symlinkSync('real', at('a'));
  symlinkSync('etc', at('c'));
  removeMountPoints(rootfs, points);
  expect(readdirSync(rootfs).sort()).toEqual(['a', 'c', 'etc', 'link', 'real']);
  expect(readdirSync(at('real/b'))).toEqual(['f']);
});

test('leave no directory that is only a copy of one below', () => {
  // What an overlay does: the directory appears above as it is below.
  const upper = mkdtempSync(join(tmpdir(), 'wherry-upper-'));
  const points = makeMountPoints([file('/etc/hosts'), tmpfs('/real/x')], { rootfs, upper, seenAt: '' });
  expect(points.touched.map(({ path, isOnlyCopied }) => [path, isOnlyCopied])).toEqual([
    ['etc', true],
    ['real', true],
  ]);
  writeFileSync(at('real/mine'), '');
  removeMountPoints(rootfs, points);
  expect(tree()).toEqual(['link', 'real', 'real/mine']);
  rmSync(upper, { recursive: true });
});
