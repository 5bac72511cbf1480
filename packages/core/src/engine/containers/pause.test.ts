import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ContainerStatus } from '../../runtime/container-state.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { EngineSandbox } from '../../testing/engine-sandbox.ts';
import { storeContainer } from '../../testing/stored-container.ts';
import { storeImage } from '../../testing/stored-image.ts';
import type { Engine } from '../engine.ts';
import type { ContainerDeps } from './container-deps.ts';
import { containerPlaces } from './container-places.ts';
import { recordOf } from './container-records.ts';
import { execContainer } from './exec.ts';
import { killContainer } from './kill.ts';
import { pauseContainer, unpauseContainer } from './pause.ts';
import { removeContainer } from './remove.ts';
import { startContainer } from './start.ts';
import { stopContainer } from './stop.ts';

const ID = 'c0ffee'.padEnd(64, '0');

describe.skipIf(process.platform !== 'linux')('a container', () => {
  let sandbox: EngineSandbox;
  let engine: Engine;
  let deps: ContainerDeps;
  /** What was asked of the runtime. */
  let asked: string[];
  /** What the runtime has the container's processes be. */
  let halted: boolean;
  /** What the container does when it sees a signal that ends it. */
  let onResume: () => void;

  beforeEach(() => {
    sandbox = new EngineSandbox();
    engine = sandbox.engine();
    [asked, halted, onResume] = [[], false, () => undefined];
    const calls: Partial<Runtime> = {
      canPause: true,
      statePath: (id) => join(sandbox.root, 'runtime', id),
      state: async () => ({ status: halted ? 'paused' : 'running' }),
      pause: async () => {
        asked.push('pause');
        halted = true;
      },
      resume: async () => {
        asked.push('resume');
        if (!halted) throw new Error('cgroup not frozen');
        halted = false;
        onResume();
      },
      kill: async (_, signal) => void asked.push(`kill ${signal}`),
    };
    const store = sandbox.store();
    const snapshots = { releaseHold: async () => undefined } as unknown as ContainerDeps['snapshots'];
    const host = { os: 'linux', architecture: 'amd64' };
    const subpaths = join(sandbox.root, 'subpaths');
    deps = { store, snapshots, host, subpaths, runtime: () => calls as Runtime, now: () => new Date() };
  });
  afterEach(() => sandbox[Symbol.asyncDispose]());

  /** One that runs, or is paused, is this very process. */
  function make(status: ContainerStatus, more: object = {}): void {
    const { id } = storeImage(deps.store, 'app', { names: ['app:1'] });
    storeContainer(deps.store, { name: 'web', id: ID, imageId: id, config: {}, status, ...more });
    halted = status === 'paused';
  }

  const recorded = () => recordOf(deps.store.metadata.findContainer('web')!).state.status;
  const exits = (code: number) => writeFileSync(containerPlaces(sandbox.root, ID).paths.exit, `${code}\n`);

  test('is not paused without control groups', async () => {
    make('running');
    const noGroups = { ...deps, runtime: () => ({ ...deps.runtime(), canPause: false }) };
    await expect(pauseContainer(noGroups, 'web')).rejects.toThrow('pausing needs control groups');
    expect(asked).toEqual([]);
  });

  test('is paused until it is unpaused, whoever looks', async () => {
    make('running');
    await pauseContainer(deps, 'web');
    expect((await engine.containers.inspect('web')).state.status).toBe('paused');
    expect((await engine.containers.list()).map(({ container }) => container.name)).toEqual(['web']);
    expect(await engine.containers.names('paused')).toEqual([{ id: ID, name: 'web' }]);
    expect(await engine.containers.names('running')).toEqual([]);
    await unpauseContainer(deps, 'c0ff');
    expect((await engine.containers.inspect('web')).state.status).toBe('running');
    expect(asked).toEqual(['pause', 'resume']);
  });

  test.each([
    { status: 'paused', verb: pauseContainer, text: `Container ${ID} is already paused` },
    { status: 'exited', verb: pauseContainer, text: `Container ${ID} is not running` },
    { status: 'running', verb: unpauseContainer, text: `Container ${ID} is not paused` },
    { status: 'exited', verb: unpauseContainer, text: `Container ${ID} is not paused` },
  ] as const)('that is $status is left alone by $verb.name', async ({ status, verb, text }) => {
    make(status);
    await expect(verb(deps, 'web')).rejects.toMatchObject({ code: 'CONFLICT', message: text });
    await expect(verb(deps, 'none')).rejects.toMatchObject({ code: 'CONTAINER_UNKNOWN' });
    expect(asked).toEqual([]);
  });

  test('that a killed wherry has left halted is paused, or goes on', async () => {
    make('running');
    halted = true;
    await pauseContainer(deps, 'web');
    expect([asked, recorded()]).toEqual([[], 'paused']);
    await unpauseContainer(deps, 'web');
    halted = true;
    await unpauseContainer(deps, 'web');
    expect([asked, halted, recorded()]).toEqual([['resume', 'resume'], false, 'running']);
  });

  test.each([
    { name: 'any signal', signal: 'USR1', stopSignal: undefined, calls: ['kill 10', 'resume'] },
    { name: 'its stop signal', signal: 'QUIT', stopSignal: 'SIGQUIT', calls: ['kill 3', 'resume'] },
    { name: 'a kill', signal: 'KILL', stopSignal: 'SIGQUIT', calls: ['kill 9', 'resume'] },
    { name: 'another signal', signal: 'USR1', stopSignal: 'SIGQUIT', calls: ['kill 10'] },
  ])('that is paused gets $name', async ({ signal, stopSignal, calls }) => {
    make('paused', stopSignal === undefined ? {} : { stopSignal });
    await killContainer(deps, 'web', signal);
    expect(asked).toEqual(calls);
    expect(recorded()).toBe(calls.length > 1 ? 'running' : 'paused');
  });

  test('that is paused goes on to end', async () => {
    make('paused', { stopSignal: 'SIGQUIT' });
    onResume = () => exits(5);
    await stopContainer(deps, { container: 'web', signal: 'USR1' });
    expect(asked).toEqual(['kill 10', 'resume']);
    expect((await engine.containers.inspect('web')).state).toMatchObject({ status: 'exited', exitCode: 5 });
  });

  test('that is paused is removed by force alone, and takes no more processes', async () => {
    make('paused');
    await expect(removeContainer(deps, { container: 'web' })).rejects.toThrow(
      `You cannot remove a paused container ${ID}. Unpause and then stop the container`,
    );
    await expect(startContainer(deps, 'web')).rejects.toThrow('cannot start a paused container, try unpause');
    const sink = () => undefined;
    await expect(execContainer(deps, { container: 'web', command: ['ls'] }, { sink })).rejects.toThrow(
      'Container web is paused, unpause the container before exec',
    );
    onResume = () => exits(137);
    await removeContainer(deps, { container: 'web', force: true });
    expect(asked).toEqual(['kill 9', 'resume']);
    expect(await engine.containers.names()).toEqual([]);
  });
});
