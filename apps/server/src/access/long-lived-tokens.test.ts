import { chown, lstat, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createToken, findToken, parseAllowed, readTokens, removeToken } from './long-lived-tokens.ts';
import { addUser, readUsers, removeUser } from './users-file.ts';

let path: string;

beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'wherry-tokens-')), 'access', 'tokens.json');
});
afterEach(() => rm(join(path, '../..'), { recursive: true, force: true }));

test('a token is found by what it is, and nothing that is kept gives it away', async () => {
  const { token, stored } = await createToken(path, { name: 'ci', allow: ['pull,push:team/*', 'engine'] });
  expect(token).toMatch(/^wherry_[\w-]{43}$/);
  expect(await readFile(path, 'utf8')).not.toContain(token.slice(7));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const tokens = await readTokens(path);
  expect(findToken(tokens, token, Date.now())).toEqual(stored);
  expect(stored).toMatchObject({
    allow: [{ repositories: 'team/*', rights: ['pull', 'push'] }],
    engine: true,
  });
  for (const other of ['', 'wherry_', `${token}x`, token.slice(0, -1), token.toUpperCase()])
    expect(findToken(tokens, other, Date.now())).toBeUndefined();
});

test('tokens that are made at once are all kept', async () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  await Promise.all(names.map((name) => createToken(path, { name, allow: ['pull:*'] })));
  expect((await readTokens(path)).map(({ name }) => name).sort()).toEqual(names);
});

test('tokens go by ID, or all of a name', async () => {
  const first = await createToken(path, { name: 'ci', allow: ['pull:*'] });
  await createToken(path, { name: 'ci', allow: ['pull:*'] });
  await createToken(path, { name: 'other', allow: ['pull:*'] });
  await removeToken(path, first.stored.id);
  expect(await readTokens(path)).toHaveLength(2);
  await removeToken(path, 'ci');
  expect((await readTokens(path)).map(({ name }) => name)).toEqual(['other']);
  await expect(removeToken(path, 'ci')).rejects.toThrow(`no token "ci" in ${path}`);
});

test.each(['pull', 'pull:', ':team', 'fly:team', 'pull,:team', 'pull:Team', 'pull:team*', 'pull:/x', ''])(
  'a right is not %j',
  (text) => expect(() => parseAllowed([text])).toThrow('invalid right'),
);

test.each([
  { name: 'no JSON', text: '{', want: 'is no JSON' },
  { name: 'no list', text: '{"tokens":{}}', want: 'is no list of tokens' },
  { name: 'null', text: 'null', want: 'is no list of tokens' },
  {
    name: 'a token without a hash',
    text: '{"tokens":[{"id":"1","name":"a"}]}',
    want: 'is no list of tokens',
  },
])('a file with $name is refused, and stays', async ({ text, want }) => {
  await createToken(path, { name: 'ci', allow: ['pull:*'] });
  await writeFile(path, text);
  await expect(readTokens(path)).rejects.toThrow(`${path}: ${want}`);
  await expect(createToken(path, { name: 'ci', allow: ['pull:*'] })).rejects.toThrow(want);
  expect(await readFile(path, 'utf8')).toBe(text);
});

test.skipIf(process.getuid?.() !== 0)(
  'who owns a file goes on owning it, and a link to it stays',
  async () => {
    const users = join(path, '../users');
    await addUser(users, 'ada', 'secret');
    await chown(users, 1234, 1234);
    await symlink(users, `${users}-link`);
    await addUser(`${users}-link`, 'bob', 'secret');
    expect([(await stat(users)).uid, (await lstat(`${users}-link`)).isSymbolicLink()]).toEqual([1234, true]);
    expect([...(await readUsers(users)).keys()]).toEqual(['ada', 'bob']);
  },
);

test('accounts are added, changed and removed in a file for its owner alone', async () => {
  const users = join(path, '../users');
  expect(await addUser(users, 'ada', 'secret')).toBe('added');
  const [before] = (await readUsers(users)).values();
  expect(await addUser(users, 'ada', 'other')).toBe('changed');
  const [after] = (await readUsers(users)).values();
  expect(after).not.toBe(before);
  expect((await stat(users)).mode & 0o777).toBe(0o600);
  await expect(addUser(users, 'a:b', 'x')).rejects.toThrow('"a:b" is no name');
  await expect(addUser(users, 'ada', 'x'.repeat(73))).rejects.toThrow('password has more than 72 bytes');
  await expect(addUser(users, 'ada', '')).rejects.toThrow('password is empty');
  await removeUser(users, 'ada');
  await expect(removeUser(users, 'ada')).rejects.toThrow('no account "ada"');
});
