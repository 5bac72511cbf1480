import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EngineSandbox } from '../testing/engine-sandbox.ts';
import { startMemoryRegistry } from '../testing/memory-registry.ts';

const ACCOUNT = { username: 'ada', password: 'secret' };

test.each([
  { name: 'basic', auth: { kind: 'basic', ...ACCOUNT } },
  { name: 'token', auth: { kind: 'token', ...ACCOUNT } },
] as const)('keeps what a registry with $name authentication accepts, until logout', async ({ auth }) => {
  await using registry = await startMemoryRegistry({ auth });
  await using sandbox = new EngineSandbox();
  const engine = sandbox.engine();
  const server = registry.host;
  const path = join(sandbox.home, '.docker', 'config.json');
  expect(await engine.login({ server, ...ACCOUNT })).toEqual({ storedIn: { kind: 'file', path } });
  expect(statSync(path).mode & 0o077).toBe(0);
  expect(await sandbox.engine().storedLogin(server)).toEqual(ACCOUNT);
  expect(await engine.storedLogin(`http://${server}/v2/`)).toEqual(ACCOUNT);
  expect(await engine.storedLogin()).toBeUndefined();
  await engine.logout(server);
  expect(await engine.storedLogin(server)).toBeUndefined();
  await engine.logout(server);
});

test('keeps an identity token in the place of the password', async () => {
  const auth = { kind: 'token', ...ACCOUNT, identityToken: 'refresh' } as const;
  await using registry = await startMemoryRegistry({ auth });
  await using sandbox = new EngineSandbox();
  const { storedIn } = await sandbox.engine().login({ server: registry.host, ...ACCOUNT });
  const file = readFileSync((storedIn as { path: string }).path, 'utf8');
  expect(file).toContain('refresh');
  expect(file).not.toContain(Buffer.from('ada:secret').toString('base64'));
  const stored = await sandbox.engine().storedLogin(registry.host);
  expect(stored).toEqual({ username: 'ada', password: '', identityToken: 'refresh' });
  // What is stored proves itself, and stays.
  await sandbox.engine().login({ server: registry.host, ...stored! });
  expect(await sandbox.engine().storedLogin(registry.host)).toEqual(stored);
  const revoked = { ...stored!, server: registry.host, identityToken: 'revoked' };
  await expect(sandbox.engine().login(revoked)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  expect(await sandbox.engine().storedLogin(registry.host)).toEqual(stored);
});

test.each([{ kind: 'basic' }, { kind: 'token' }] as const)(
  'keeps nothing that a registry refuses ($kind)',
  async ({ kind }) => {
    await using registry = await startMemoryRegistry({ auth: { kind, ...ACCOUNT } });
    await using sandbox = new EngineSandbox();
    const request = { server: registry.host, username: 'ada', password: 'wrong' };
    await expect(sandbox.engine().login(request)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(existsSync(join(sandbox.home, '.docker'))).toBe(false);
  },
);
