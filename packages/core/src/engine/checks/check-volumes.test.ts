import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EngineSandbox } from '../../testing/engine-sandbox.ts';
import { storeImage } from '../../testing/stored-image.ts';
import type { Engine } from '../engine.ts';
import { makeVolume } from '../volumes/volume-files.ts';
import { VolumePlaces } from '../volumes/volume-places.ts';
import { newVolumeRecord } from '../volumes/volume-record.ts';

describe('system check and volumes', () => {
  let sandbox: EngineSandbox;
  let engine: Engine;
  let places: VolumePlaces;
  beforeEach(async () => {
    sandbox = new EngineSandbox();
    engine = sandbox.engine();
    places = new VolumePlaces(sandbox.root);
    await engine.volumes.create({ name: 'vol' });
    writeFileSync(join(places.dataOf('vol'), 'mine'), 'x');
  });
  afterEach(() => sandbox[Symbol.asyncDispose]());

  const found = async (repair: boolean) =>
    (await engine.check({ repair })).faults.map(({ kind, subject, repaired }) =>
      [kind, subject, ...(repaired ? [repaired] : [])].join(' '),
    );

  /** What a process that was killed while it made a volume for a container leaves. */
  const makeAnonymous = (name: string) =>
    makeVolume(places, newVolumeRecord({ name, isAnonymous: true, madeFor: 'c0ffee', now: new Date() }));

  test('find nothing wrong with what is sound', async () => {
    await engine.volumes.create();
    expect(await found(true)).toEqual([]);
    expect(await engine.volumes.list()).toHaveLength(2);
  });

  test.each([
    {
      name: 'one in the making',
      harm: () => mkdirSync(join(places.newPathOf('half'), '_data'), { recursive: true }),
      fault: 'stray-file volumes/.new-half',
      repaired: 'removed',
    },
    {
      name: 'one on its way out',
      harm: () => mkdirSync(join(places.oldPathOf('gone'), '_data'), { recursive: true }),
      fault: 'stray-file volumes/.old-gone',
      repaired: 'removed',
    },
    {
      name: 'one of a container that was not made',
      harm: () => makeAnonymous('ab12'),
      fault: 'stray-file volumes/ab12',
      repaired: 'removed',
    },
    {
      name: 'a lost record',
      harm: () => rmSync(places.recordOf('vol')),
      fault: 'volume-incomplete vol',
      repaired: 'written again',
    },
    {
      name: 'lost data',
      harm: () => rmSync(places.dataOf('vol'), { recursive: true }),
      fault: 'volume-incomplete vol',
      repaired: 'made empty',
    },
    {
      name: 'a copy that broke off',
      harm: () => mkdirSync(places.newFillOf('vol')),
      fault: 'volume-incomplete vol',
      repaired: 'finished',
    },
  ])('find $name, and put it in order', async ({ harm, fault, repaired }) => {
    await harm();
    expect(await found(false)).toEqual([fault]);
    expect(await found(true)).toEqual([`${fault} ${repaired}`]);
    expect(await found(false)).toEqual([]);
    expect(readdirSync(places.directory)).toEqual(['.locks', 'vol']);
    if (repaired !== 'made empty') expect(readdirSync(places.dataOf('vol'))).toEqual(['mine']);
  });

  test('leave alone what somebody is at work on, and what may be data', async () => {
    mkdirSync(join(places.newPathOf('half'), '_data'), { recursive: true });
    const lock = await places.lock('half');
    await makeAnonymous('ab12');
    writeFileSync(join(places.dataOf('ab12'), 'mine'), 'x');
    writeFileSync(join(places.directory, '.locks', 'dead'), '');
    mkdirSync(join(places.directory, '-mine'));
    expect(await found(true)).toEqual(['stray-file volumes/-mine']);
    expect(existsSync(places.newPathOf('half'))).toBe(true);
    expect(existsSync(places.dataOf('ab12'))).toBe(true);
    expect(readdirSync(join(places.directory, '.locks'))).toEqual(['half']);
    lock.release({ remove: true });
  });

  test.skipIf(process.platform !== 'linux')(
    'find nothing wrong with a volume that its container left',
    async () => {
      storeImage(sandbox.store(), 'app', { names: ['app:1'] });
      const options = { command: ['x'], volumes: ['/v'] };
      const { id } = await engine.containers.create({ image: 'app:1', options });
      expect(await found(true)).toEqual([]);
      await engine.containers.remove({ container: id });
      expect(await found(true)).toEqual([]);
      expect(await engine.volumes.list()).toHaveLength(2);
    },
  );

  test.skipIf(process.platform !== 'linux')('find what a container has and the store has not', async () => {
    storeImage(sandbox.store(), 'app', { names: ['app:1'] });
    const mounts = [{ type: 'volume', name: 'vol', target: '/v' }] as const;
    await engine.containers.create({ image: 'app:1', options: { command: ['x'], mounts } });
    expect(await found(false)).toEqual([]);
    rmSync(places.pathOf('vol'), { recursive: true });
    expect(await found(true)).toEqual(['volume-missing vol made empty']);
    expect(await found(false)).toEqual([]);
  });
});
