import { expect, test } from 'vitest';
import { parseOwner } from './ownership.ts';

const FILES: Readonly<Record<string, string>> = {
  '/etc/passwd': '# a comment\nbroken\nroot:x:0:0::/:\napp:x:1000:1001:App:/:/bin/sh\n12:x:5:6::/:\n',
  '/etc/group': 'root:x:0:\nstaff:x:50:app\n',
};

const owner = (text: string, files = FILES) =>
  parseOwner(text, async (path) => {
    const content = files[path];
    return content === undefined ? undefined : new TextEncoder().encode(content);
  });

test.each([
  ['5', { uid: 5, gid: 5 }],
  ['5:6', { uid: 5, gid: 6 }],
  ['app', { uid: 1000, gid: 1001 }],
  ['app:staff', { uid: 1000, gid: 50 }],
  ['app:7', { uid: 1000, gid: 7 }],
  ['7:staff', { uid: 7, gid: 50 }],
  ['12', { uid: 12, gid: 12 }],
  [':staff', { uid: 0, gid: 50 }],
] as const)('%s', async (text, wanted) => {
  expect(await owner(text)).toEqual(wanted);
});

test('numbers need no files', async () => {
  expect(await owner('1:2', {})).toEqual({ uid: 1, gid: 2 });
  await expect(owner('app', {})).rejects.toThrow("can't find uid for user app: no such user: app");
  await expect(owner('app:', FILES)).rejects.toThrow("can't find gid for group : no such group: ");
});
