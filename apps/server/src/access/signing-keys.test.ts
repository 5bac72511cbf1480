import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Policy } from './policy.ts';
import { SigningKeys } from './signing-keys.ts';
import { TokenService } from './token-service.ts';

const HOUR = 3_600_000;
const POLICY = new Policy({ accounts: new Map([['ada', 'hash']]), rules: [], tokens: [] });
const ADA = { kind: 'account', name: 'ada' } as const;

let directory: string;
let now: number;

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'wherry-keys-')), 'keys');
  now = Date.now();
});
afterEach(() => rm(join(directory, '..'), { recursive: true, force: true }));

function open(algorithm: 'ES256' | 'EdDSA' = 'ES256'): Promise<SigningKeys> {
  return SigningKeys.open({
    directory,
    algorithm,
    keyLifetime: 10 * HOUR,
    tokenLifetime: HOUR,
    clock: () => now,
  });
}

function serviceOf(keys: SigningKeys): TokenService {
  return new TokenService({
    keys,
    service: 'wherry',
    tokenLifetime: HOUR,
    refreshLifetime: HOUR,
    clock: () => now,
  });
}

test.each(['ES256', 'EdDSA'] as const)('a key of %s is made once, for its owner alone', async (algorithm) => {
  const keys = await open(algorithm);
  const { kid } = await keys.current();
  expect(await readdir(directory)).toEqual([`${kid}.json`]);
  expect((await stat(join(directory, `${kid}.json`))).mode & 0o777).toBe(0o600);
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  const again = await open(algorithm);
  expect((await again.current()).kid).toBe(kid);
  const { token } = await serviceOf(keys).issue(ADA, []);
  expect(await serviceOf(again).verify(token, POLICY)).toEqual({ identity: ADA, access: [] });
});

test('the next key signs after the first has done so for long enough, and both are good meanwhile', async () => {
  const keys = await open();
  const service = serviceOf(keys);
  now += 10 * HOUR - 1;
  const old = await service.issue(ADA, []);
  const first = (await keys.current()).kid;
  now += 1;
  const [second, same] = await Promise.all([keys.current(), keys.current()]);
  expect(second.kid).not.toBe(first);
  expect(same.kid).toBe(second.kid);
  expect(await service.verify(old.token, POLICY)).toBeDefined();
  const fresh = await service.issue(ADA, []);
  // Another server on the same store does not know of the key yet.
  const other = await open();
  expect(await serviceOf(other).verify(fresh.token, POLICY)).toBeDefined();
  now += 10 * HOUR;
  await keys.current();
  expect(await keys.find(first)).toBeUndefined();
  expect(await keys.find(second.kid)).toBeDefined();
});

test('a key that another server has made is taken up', async () => {
  const keys = await open();
  const other = await open();
  now += 10 * HOUR;
  const { token } = await serviceOf(other).issue(ADA, []);
  expect(await serviceOf(keys).verify(token, POLICY)).toBeDefined();
});

test('a key that others may read is refused, and so is what is no key', async () => {
  const { kid } = await (await open()).current();
  const path = join(directory, `${kid}.json`);
  await chmod(path, 0o640);
  await expect(open()).rejects.toThrow(`${path}: others may read this key`);
  await writeFile(path, '{"algorithm":"ES256"', { mode: 0o600 });
  await chmod(path, 0o600);
  await expect(open()).rejects.toThrow(`${path}: is no key`);
});
