import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tryFileLock } from '../../content/file-lock.ts';
import { identifyProcess } from '../../runtime/process-identity.ts';
import { EngineSandbox } from '../../testing/engine-sandbox.ts';
import { storeImage } from '../../testing/stored-image.ts';
import type { Engine } from '../engine.ts';
import type { Store } from '../store/store.ts';
import { containerPlaces } from './container-places.ts';

describe.skipIf(process.platform !== 'linux')('containers that no runtime has started', () => {
  let sandbox: EngineSandbox;
  let engine: Engine;
  let store: Store;
  beforeEach(() => {
    sandbox = new EngineSandbox();
    engine = sandbox.engine();
    store = sandbox.store();
    storeImage(store, 'app', { names: ['app:1'], labels: { tier: 'web' } });
  });
  afterEach(() => sandbox[Symbol.asyncDispose]());

  const create = (name?: string, more: object = {}) =>
    engine.containers.create({
      image: 'app:1',
      ...(name !== undefined && { name }),
      options: { command: ['true'] },
      ...more,
    });

  const names = async (...filters: string[]) =>
    (await engine.containers.list({ all: true, filters })).map(({ container }) => container.name);

  /** Makes the files say that the container's process is this one, as if it had been started. */
  function pretendRunning(id: string): void {
    const { paths } = containerPlaces(sandbox.root, id);
    writeFileSync(paths.pid, `${process.pid}`);
    writeFileSync(paths.process, JSON.stringify(identifyProcess(process.pid)));
  }

  test('are kept with what was asked for', async () => {
    const made = await create('web', { labels: { k: 'v' }, stopSignal: 'SIGINT' });
    expect(made).toMatchObject({
      name: 'web',
      imageName: 'app:1',
      argv: ['true'],
      labels: { tier: 'web', k: 'v' },
      stopSignal: 'SIGINT',
      config: { Cmd: ['true'], Image: 'app:1' },
      state: { status: 'created' },
    });
    expect(await engine.containers.inspect(made.id.slice(0, 6))).toEqual(made);
    expect((await create()).name).toMatch(/^[a-z]+_[a-z]+$/);
  });

  test('are refused in Docker’s words, and leave nothing', async () => {
    await create('web');
    await expect(create('web')).rejects.toThrow('Conflict. The container name "/web" is already in use');
    await expect(create('a b')).rejects.toThrow('Invalid container name (a b)');
    await expect(create('xy', { image: 'none' })).rejects.toMatchObject({ code: 'IMAGE_UNKNOWN' });
    await expect(create('xy', { options: {} })).rejects.toThrow('no command specified');
    await expect(create('xy', { options: { command: ['a'], workingDir: 'rel' } })).rejects.toThrow(
      "the working directory 'rel' is invalid",
    );
    await expect(
      create('xy', { options: { command: ['a'], resources: { memoryBytes: 1 << 20 } } }),
    ).rejects.toThrow('Minimum memory limit allowed is 6MB');
    expect(sandbox.files('containers')).toEqual([]);
    expect(await names()).toEqual(['web']);
  });

  test('have the states that files and processes tell', async () => {
    const { id } = await create('web');
    const state = async () => (await engine.containers.inspect('web')).state;
    pretendRunning(id);
    expect(await state()).toMatchObject({ status: 'running', pid: process.pid });
    expect((await engine.containers.list()).map(({ container }) => container.name)).toEqual(['web']);
    await expect(engine.containers.remove({ container: 'web' })).rejects.toThrow(
      `You cannot remove a running container ${id}. Stop the container`,
    );
    writeFileSync(containerPlaces(sandbox.root, id).paths.exit, '3\n');
    expect(await state()).toMatchObject({ status: 'exited', exitCode: 3, pid: 0 });
    expect(await engine.containers.wait('web')).toBe(3);
    expect(await engine.containers.list()).toEqual([]);
    await engine.containers.stop({ container: 'web' });
    await expect(engine.containers.kill('web')).rejects.toThrow(`Container ${id} is not running`);
  });

  test('get other names, in Docker’s words where they cannot', async () => {
    await create('web');
    await create('other');
    const rename = (container: string, name: string) => engine.containers.rename({ container, name });
    await expect(rename('web', '/web')).rejects.toThrow(
      'Renaming a container with the same name as its current',
    );
    await expect(rename('web', 'a b')).rejects.toThrow(
      'Error when allocating new name: Invalid container name (a b), only',
    );
    await expect(rename('web', 'other')).rejects.toThrow(
      'Error when allocating new name: Conflict. The container name "/other" is already in use',
    );
    await expect(rename('none', 'y')).rejects.toThrow('No such container: none');
    await rename('web', 'site');
    expect((await engine.containers.inspect('site')).name).toBe('site');
  });

  test('tell which bound of their logs is no time', async () => {
    await create('web');
    const read = async (request: object) => {
      for await (const entry of engine.containers.logs({ container: 'web', ...request })) void entry;
    };
    const said = (name: string) =>
      `invalid value for "${name}": failed to parse value as time or duration: "x"`;
    await expect(read({ since: 'x' })).rejects.toThrow(said('since'));
    await expect(read({ until: 'x' })).rejects.toThrow(said('until'));
  });

  test('go with all their files, once', async () => {
    const { id } = await create('web');
    await engine.containers.remove({ container: 'web' });
    expect(existsSync(containerPlaces(sandbox.root, id).paths.directory)).toBe(false);
    await expect(engine.containers.remove({ container: 'web' })).rejects.toMatchObject({
      code: 'CONTAINER_UNKNOWN',
      message: 'No such container: web',
    });
  });

  test('are cleared away when their making or removal was killed, by every list and removal', async () => {
    const containers = join(sandbox.root, 'containers');
    const isThere = (name: string) => existsSync(join(containers, name));
    const leave = () => {
      mkdirSync(join(containers, `old-${'a'.repeat(64)}`, 'upper'), { recursive: true });
      mkdirSync(join(containers, 'b'.repeat(12)));
    };
    const { id } = await create('web');
    leave();
    expect(await names()).toEqual(['web']);
    expect(sandbox.files('containers')).toEqual([]);
    leave();
    // Whoever is at it holds the lock.
    const lock = tryFileLock(join(containers, 'locks', 'b'.repeat(12)))!;
    await engine.containers.remove({ container: 'web' });
    expect(isThere(id.slice(0, 12))).toBe(false);
    expect(isThere(`old-${'a'.repeat(64)}`)).toBe(false);
    expect(isThere('b'.repeat(12))).toBe(true);
    lock.release();
  });

  test('that lost their row keep their files until a repair, and while something runs in them', async () => {
    const { id } = await create('web');
    const { paths } = containerPlaces(sandbox.root, id);
    mkdirSync(join(paths.directory, 'upper'));
    store.metadata.deleteContainer(id);
    await names();
    const subject = `containers/${id.slice(0, 12)}`;
    expect((await engine.check()).faults).toMatchObject([{ kind: 'stray-file', subject }]);
    pretendRunning(id);
    expect((await engine.check({ repair: true })).faults).toMatchObject([{ kind: 'stray-file', subject }]);
    expect(existsSync(paths.directory)).toBe(true);
    writeFileSync(paths.exit, '0\n');
    expect((await engine.check({ repair: true })).faults).toMatchObject([{ subject, repaired: 'removed' }]);
    expect((await engine.check()).faults).toEqual([]);
  });

  test('without their directory, whose removal was killed, can be removed', async () => {
    const { id } = await create('web');
    rmSync(containerPlaces(sandbox.root, id).paths.directory, { recursive: true });
    expect(await names()).toEqual(['web']);
    await engine.containers.remove({ container: 'web' });
    expect(await names()).toEqual([]);
  });

  test('of --rm are gone once they have ended, whoever sees it first', async () => {
    const { id } = await create('web', { autoRemove: true });
    pretendRunning(id);
    writeFileSync(containerPlaces(sandbox.root, id).paths.exit, '0\n');
    expect(await engine.containers.wait('web')).toBe(0);
    expect(await names()).toEqual([]);
  });

  test('keep their image from a prune and its files from a repair', async () => {
    await create('web');
    await engine.prune({ all: true });
    expect(await engine.images()).toHaveLength(1);
    await engine.check({ repair: true });
    expect(await names()).toEqual(['web']);
  });

  test.each([
    { filters: [], want: ['third', 'second', 'first'] },
    { filters: ['name=^/fir'], want: ['first'] },
    { filters: ['name=first', 'name=third'], want: ['third', 'first'] },
    { filters: ['label=n=2'], want: ['second'] },
    { filters: ['label=n', 'label=tier=web'], want: ['second'] },
    { filters: ['ancestor=app:1'], want: ['third', 'second', 'first'] },
    { filters: ['ancestor=none'], want: [] },
    { filters: ['before=second'], want: ['first'] },
    { filters: ['since=second'], want: ['third'] },
    { filters: ['status=created'], want: ['third', 'second', 'first'] },
    { filters: ['status=exited'], want: [] },
    { filters: ['exited=0'], want: [] },
  ])('are listed by $filters', async ({ filters, want }) => {
    for (const [index, name] of ['first', 'second', 'third'].entries()) {
      await create(name, index === 1 ? { labels: { n: '2' } } : {});
      // Made in the same millisecond they would have no order.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(await names(...filters)).toEqual(want);
  });

  test.each([
    { filter: 'nosuch=1', text: "Invalid filter 'nosuch'" },
    { filter: 'status=nosuch', text: "Invalid filter 'status=nosuch'" },
    { filter: 'exited=x', text: 'strconv.Atoi: parsing "x": invalid syntax' },
    { filter: 'before=nosuch', text: 'no such container nosuch' },
  ])('are not listed by $filter', async ({ filter, text }) => {
    await expect(names(filter)).rejects.toThrow(text);
  });
});
