import { expect, test } from 'vitest';
import { digestOf } from '../../testing/metadata-store-suite.ts';
import { type FileState, formatFileState, stateDifference } from './file-state.ts';

const file: FileState = { type: 'file', mode: 0o644, uid: 0, gid: 0, content: digestOf('a') };

test('spells a state as words', () => {
  expect(formatFileState({ ...file, more: { xattrs: 'a b', acl: '=' } })).toBe(
    `type=file mode=644 owner=0:0 content=${digestOf('a')} acl=%3D xattrs=a%20b`,
  );
});

test.each<{ name: string; now: FileState; want: string[] }>([
  { name: 'nothing', now: file, want: [] },
  { name: 'content', now: { ...file, content: digestOf('b') }, want: ['content'] },
  { name: 'mode and owner', now: { ...file, mode: 0o4755, gid: 5 }, want: ['mode', 'owner'] },
  { name: 'what has another name', now: { ...file, more: { xattrs: 'x' } }, want: ['xattrs'] },
  {
    name: 'type alone',
    now: { type: 'symlink', mode: 0o777, uid: 1, gid: 1, target: 'a b' },
    want: ['type'],
  },
])('tells what differs: $name', ({ now, want }) => {
  expect(stateDifference(formatFileState(file), formatFileState(now))).toEqual(want);
});

test('has no name for what differs in other forms', () => {
  expect(stateDifference('one', 'two')).toEqual([]);
  expect(stateDifference('', formatFileState(file))).toEqual([]);
});
