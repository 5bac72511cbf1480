import { describe, expect, test } from 'vitest';
import { containerPath, placeOf } from './copy-paths.ts';

const FILE = { isDirectory: false, base: 'f' };
const DIRECTORY = { isDirectory: true, base: 'd' };
const CONTENT = { isDirectory: true, base: '.' };
const absent = (path: string) => ({ path, exists: false, isDirectory: false });
const file = (path: string) => ({ path, exists: true, isDirectory: false });
const directory = (path: string) => ({ path, exists: true, isDirectory: true });

// As Docker's documentation tells for `docker container cp`, and a real Docker does.
describe('a copy', () => {
  test.each([
    { name: 'a file to a new name', source: FILE, to: absent('/a/new'), want: ['/a', 'new'] },
    { name: 'a file over another', source: FILE, to: file('/a/old'), want: ['/a', 'old'] },
    { name: 'a file into a directory', source: FILE, to: directory('/a/'), want: ['/a/', 'f'] },
    { name: 'a directory to a new name', source: DIRECTORY, to: absent('/a/new'), want: ['/a', 'new'] },
    {
      name: 'a directory to a new name with a slash',
      source: DIRECTORY,
      to: absent('/new/'),
      want: ['/', 'new'],
    },
    { name: 'a directory into a directory', source: DIRECTORY, to: directory('/a'), want: ['/a', 'd'] },
    { name: 'what is in one to a new name', source: CONTENT, to: absent('/a/new'), want: ['/a', 'new'] },
    { name: 'what is in one into a directory', source: CONTENT, to: directory('/a'), want: ['/a', '.'] },
    { name: 'a followed link', source: { ...FILE, rebase: 'l' }, to: directory('/a'), want: ['/a', 'l'] },
    { name: 'the root', source: { isDirectory: true, base: '' }, to: directory('/a'), want: ['/a', ''] },
  ])('takes $name', ({ source, to, want }) => {
    const place = placeOf(source, to);
    expect([place.directory, place.name]).toEqual(want);
  });

  test.each([
    { source: FILE, to: absent('/a/new/'), message: 'no such directory' },
    { source: FILE, to: absent('/a/new/.'), message: 'no such directory' },
    { source: DIRECTORY, to: file('/a/old'), message: 'cannot copy directory' },
    { source: CONTENT, to: file('/a/old'), message: 'cannot copy directory' },
  ])('to $to.path is refused: $message', ({ source, to, message }) => {
    expect(() => placeOf(source, to)).toThrow(message);
  });
});

test.each([
  { path: 'a/b', want: '/a/b' },
  { path: '../../a//b/', want: '/a/b/' },
  { path: '/a/./b/.', want: '/a/b/.' },
  { path: '/', want: '/' },
  { path: '.', want: '/.' },
])('a container takes $path for $want', ({ path, want }) => {
  expect(containerPath(path)).toBe(want);
});
