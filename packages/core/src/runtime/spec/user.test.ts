import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { resolveUser, userFrom } from './user.ts';

const FILES = {
  passwd: [
    '# comment',
    'root:x:0:0:root:/root:/bin/sh',
    'broken',
    'app:x:1000:1000:App:/home/app:/bin/sh',
    '77:x:1077:1077::/home/seven:/bin/sh',
    'nohome:x:1001:1001:::',
    '',
  ].join('\n'),
  group: 'root:x:0:\nstaff:x:50:app,other\napp:x:1000:\nwheel:x:10:root,app\nbad\n',
};

describe('userFrom', () => {
  test.each([
    { text: '', uid: 0, gid: 0, groups: [0, 10], home: '/root' },
    { text: 'app', uid: 1000, gid: 1000, groups: [1000, 50, 10], home: '/home/app' },
    { text: '1000', uid: 1000, gid: 1000, groups: [1000, 50, 10], home: '/home/app' },
    { text: 'app:staff', uid: 1000, gid: 50, groups: [50], home: '/home/app' },
    { text: '1234:5678', uid: 1234, gid: 5678, groups: [5678], home: '/' },
    { text: '4242', uid: 4242, gid: 0, groups: [0], home: '/' },
    { text: ':staff', uid: 0, gid: 50, groups: [50], home: '/root' },
    { text: '77', uid: 77, gid: 0, groups: [0], home: '/' },
    { text: 'nohome', uid: 1001, gid: 1001, groups: [1001], home: '/' },
  ])('reads "$text"', ({ text, uid, gid, groups, home }) => {
    expect(userFrom(FILES, text)).toEqual({ uid, gid, additionalGids: groups, home });
  });

  test('adds groups by name and number', () => {
    expect(userFrom(FILES, 'app:app', ['staff', '999']).additionalGids).toEqual([1000, 50, 999]);
  });

  test.each([
    { text: 'ghost', message: 'unable to find user ghost: no matching entries in passwd file' },
    { text: 'app:ghosts', message: 'unable to find group ghosts: no matching entries in group file' },
    { text: '-1', message: 'uids and gids must be in range 0-2147483647' },
    { text: '1:4294967296', message: 'uids and gids must be in range 0-2147483647' },
  ])('refuses "$text"', ({ text, message }) => {
    expect(() => userFrom(FILES, text)).toThrow(message);
  });
});

describe('resolveUser', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wherry-user-'));
    await mkdir(join(directory, 'rootfs/etc'), { recursive: true });
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  const rootfs = () => join(directory, 'rootfs');

  test('reads the files of the root file system', async () => {
    await writeFile(join(rootfs(), 'etc/passwd'), FILES.passwd);
    await writeFile(join(rootfs(), 'etc/group'), FILES.group);
    expect(resolveUser(rootfs(), 'app')).toMatchObject({ uid: 1000, additionalGids: [1000, 50, 10] });
  });

  test('needs no files for numbers', async () => {
    expect(resolveUser(rootfs(), '5:6')).toMatchObject({ uid: 5, gid: 6 });
  });

  test('follows links inside the root only', async () => {
    await writeFile(join(directory, 'passwd'), 'outside:x:1:1::/:\n');
    await mkdir(join(rootfs(), 'lib'));
    await writeFile(join(rootfs(), 'lib/passwd'), 'inside:x:2:2::/:\n');
    await symlink('../../passwd', join(rootfs(), 'etc/passwd'));
    expect(() => resolveUser(rootfs(), 'outside')).toThrow('unable to find user outside');
    await rm(join(rootfs(), 'etc/passwd'));
    await symlink('/lib/../../../lib/passwd', join(rootfs(), 'etc/passwd'));
    expect(resolveUser(rootfs(), 'inside')).toMatchObject({ uid: 2 });
  });

  test('refuses a huge file before it reads it', async () => {
    await writeFile(join(rootfs(), 'etc/passwd'), '');
    await truncate(join(rootfs(), 'etc/passwd'), 2 ** 40);
    expect(() => resolveUser(rootfs(), 'app')).toThrow('bytes, want 16777216 at most');
  });

  test('refuses a loop of links', async () => {
    await symlink('group', join(rootfs(), 'etc/passwd'));
    await symlink('passwd', join(rootfs(), 'etc/group'));
    expect(() => resolveUser(rootfs(), 'app')).toThrow('too many levels of symbolic links');
  });
});
