import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identifyProcess } from '../../runtime/process-identity.ts';
import { EngineSandbox } from '../../testing/engine-sandbox.ts';
import { storeImage } from '../../testing/stored-image.ts';
import type { Engine } from '../engine.ts';
import { containerPlaces } from './container-places.ts';
import type { WaitCondition } from './wait-until.ts';

describe.skipIf(process.platform !== 'linux')('what happens to a container is waited for', () => {
  let sandbox: EngineSandbox;
  let engine: Engine;
  let id: string;
  beforeEach(async () => {
    sandbox = new EngineSandbox();
    engine = sandbox.engine();
    storeImage(sandbox.store(), 'app', { names: ['app:1'] });
    ({ id } = await engine.containers.create({ image: 'app:1', name: 'web', options: { command: ['a'] } }));
  });
  afterEach(() => sandbox[Symbol.asyncDispose]());

  const paths = () => containerPlaces(sandbox.root, id).paths;

  function pretendRunning(): void {
    writeFileSync(paths().pid, `${process.pid}`);
    writeFileSync(paths().process, JSON.stringify(identifyProcess(process.pid)));
  }

  /** Resolves when the wait has begun, to what it will come to. */
  async function waitFor(condition: WaitCondition, signal?: AbortSignal) {
    let end: ReturnType<Engine['containers']['waitUntil']> | undefined;
    await new Promise<void>((resolve) => {
      const options = { onWaiting: resolve, ...(signal && { signal }) };
      end = engine.containers.waitUntil({ container: 'web', condition }, options);
      end.catch(() => resolve());
    });
    return { end };
  }

  test('one that does not run is over at once', async () => {
    const { end } = await waitFor('not-running');
    expect(await end).toEqual({ exitCode: 0, error: '' });
  });

  test('a run that is to come ends with its exit code', async () => {
    const { end } = await waitFor('next-exit');
    pretendRunning();
    writeFileSync(paths().exit, '7\n');
    expect(await end).toEqual({ exitCode: 7, error: '' });
  });

  test('one that is removed keeps the exit code that was seen', async () => {
    const { end } = await waitFor('removed');
    pretendRunning();
    writeFileSync(paths().exit, '5\n');
    await expect.poll(async () => (await engine.containers.inspect('web')).state.status).toBe('exited');
    await engine.containers.remove({ container: 'web' });
    expect(await end).toEqual({ exitCode: 5, error: '' });
  });

  test('one that goes before it ran has no next end', async () => {
    const { end } = await waitFor('next-exit');
    await engine.containers.remove({ container: 'web' });
    await expect(end).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('whoever waits can leave', async () => {
    const controller = new AbortController();
    const { end } = await waitFor('next-exit', controller.signal);
    controller.abort();
    await expect(end).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(engine.containers.waitUntil({ container: 'nosuch' })).rejects.toMatchObject({
      code: 'CONTAINER_UNKNOWN',
    });
  });
});
