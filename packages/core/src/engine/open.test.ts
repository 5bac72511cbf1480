import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseReference } from '../reference.ts';
import { EngineSandbox, nameAt, serveImage } from '../testing/engine-sandbox.ts';
import { makeImageFixture } from '../testing/image-fixtures.ts';
import { startMemoryRegistry } from '../testing/memory-registry.ts';
import type { Engine } from './engine.ts';
import { openEngine } from './open.ts';

const ref = parseReference('app:1');

describe('an engine', () => {
  test('makes nothing before a verb needs it', async () => {
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    await engine.close();
    expect(existsSync(sandbox.root)).toBe(false);
  });

  test('lists nothing in a fresh root', async () => {
    await using sandbox = new EngineSandbox();
    expect(await sandbox.engine().images()).toEqual([]);
  });

  test('reads a store where no home can be made, and makes no more than the metadata for a look', async () => {
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine({
      env: { HOME: '/dev/null/home', PATH: '' },
      dockerConfigDir: '/dev/null/docker',
    });
    expect(await engine.images({ all: true, pattern: 'a*' })).toEqual([]);
    await expect(engine.inspect('app')).rejects.toMatchObject({ code: 'IMAGE_UNKNOWN' });
    await expect(engine.history('app')).rejects.toMatchObject({ code: 'IMAGE_UNKNOWN' });
    expect((await engine.diskUsage()).groups.every(({ items }) => items.length === 0)).toBe(true);
    expect(readdirSync(sandbox.root).filter((name) => !name.startsWith('metadata.db'))).toEqual([]);
  });

  test('takes its root from the environment, and what is said over that', async () => {
    const env = { HOME: '/nobody', WHERRY_ROOT: '/somewhere/else' };
    await using byEnv = openEngine({ env });
    await using said = openEngine({ env, root: '/here' });
    expect([byEnv.root, said.root]).toEqual(['/somewhere/else', '/here']);
  });

  test('closes twice', async () => {
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    await engine.images();
    await Promise.all([engine.close(), engine.close()]);
    await engine.close();
  });

  test.each<{ name: string; call: (engine: Engine) => Promise<unknown> }>([
    { name: 'images', call: (engine) => engine.images() },
    { name: 'pull', call: (engine) => engine.pull({ ref }) },
    { name: 'push', call: (engine) => engine.push({ ref }) },
    {
      name: 'save',
      call: (engine) =>
        engine
          .save({ images: ['app:1'] })
          [Symbol.asyncIterator]()
          .next(),
    },
    { name: 'load', call: (engine) => engine.load({ from: '/nothing' }) },
    { name: 'login', call: (engine) => engine.login({ username: 'u', password: 'p' }) },
    { name: 'check', call: (engine) => engine.check() },
    { name: 'diskUsage', call: (engine) => engine.diskUsage() },
    { name: 'info', call: (engine) => engine.info() },
  ])('says of $name that it is closed', async ({ call }) => {
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    await engine.images();
    await engine.close();
    await expect(call(engine)).rejects.toThrow('the engine is closed');
  });

  test('shares its root with another', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', makeImageFixture());
    const [one, other] = [sandbox.engine(), sandbox.engine()];
    expect(await other.images()).toEqual([]);
    const request = { ref: nameAt(registry, 'team/app:1'), platform: { os: 'linux', architecture: 'amd64' } };
    await Promise.all([one.pull(request), other.pull(request)]);
    await one.close();
    expect(await other.images()).toHaveLength(1);
    expect((await other.check()).faults).toEqual([]);
  });
});
