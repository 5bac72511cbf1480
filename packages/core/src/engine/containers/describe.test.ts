import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { networkFiles } from '../../runtime/spec/bundle.ts';
import { EngineSandbox } from '../../testing/engine-sandbox.ts';
import { storeImage } from '../../testing/stored-image.ts';
import type { Engine } from '../engine.ts';
import { containerPlaces } from './container-places.ts';
import type { CreateContainerRequest } from './create.ts';

// Recordings of a real Docker, from a directory beside the checkout.
const GOLDEN = new URL('../../../../../../shared/golden/inspect.json', import.meta.url);

describe.skipIf(process.platform !== 'linux')('what is told of a container', () => {
  let sandbox: EngineSandbox;
  let engine: Engine;
  beforeEach(() => {
    sandbox = new EngineSandbox();
    engine = sandbox.engine();
    storeImage(sandbox.store(), 'app', { names: ['app:1'], size: 7 });
  });
  afterEach(() => sandbox[Symbol.asyncDispose]());

  async function described(more: Partial<CreateContainerRequest> = {}) {
    const options = { command: ['echo', 'hi'], ...more.options };
    await engine.containers.create({ image: 'app:1', name: 'box', ...more, options });
    return await engine.containers.describe({ container: 'box' });
  }

  test('has Docker’s fields in Docker’s order', async () => {
    const text = readIfThere(GOLDEN);
    if (text === undefined) return;
    const { cases } = JSON.parse(text) as { cases: { name: string; stdout: string[] }[] };
    const recorded = JSON.parse(cases.find(({ name }) => name === 'container')!.stdout.join('\n'))[0];
    const own = await described({ attached: ['stdout', 'stderr'] });
    expect(shapeOf(own)).toEqual(shapeOf(recorded));
  });

  test('is what was asked for', async () => {
    const { HostConfig, Config, Mounts } = await described({
      ...{ attached: ['stdin'], stopSignal: 'TERM', stopTimeoutSeconds: 3, labels: { k: 'v' } },
      options: {
        command: ['x'],
        ...{ network: 'host', capAdd: ['net_admin'], annotations: { b: '1', a: '2' }, init: true },
        ...{ exposedPorts: ['80/tcp'], healthcheck: { Test: ['NONE'] }, pid: 'host' },
        resources: { memoryBytes: 64 << 20, pidsLimit: 5, blkioReadBps: [{ path: '/dev/a', value: 1 }] },
        mounts: [
          { type: 'bind', source: '/s', target: '/a', createSource: true, readOnly: true },
          { type: 'bind', source: '/s', target: '/b', propagation: 'rslave' },
          { type: 'tmpfs', target: '/t', options: ['size=1m'] },
        ],
      },
    });
    expect(HostConfig).toMatchObject({
      ...{ NetworkMode: 'host', CapAdd: ['CAP_NET_ADMIN'], Annotations: { a: '2', b: '1' }, Init: true },
      ...{ Memory: 64 << 20, MemorySwap: 128 << 20, PidsLimit: 5, PidMode: 'host' },
      ...{ BlkioDeviceReadBps: [{ Path: '/dev/a', Rate: 1 }], SecurityOpt: ['label=disable'] },
      ...{ Binds: ['/s:/a:ro'], Tmpfs: { '/t': 'size=1m' } },
      Mounts: [{ Type: 'bind', Source: '/s', Target: '/b', BindOptions: { Propagation: 'rslave' } }],
    });
    expect(Mounts).toEqual([
      {
        ...{ Type: 'bind', Source: '/s', Destination: '/a', Mode: 'ro', RW: false, Propagation: 'rprivate' },
      },
      { Type: 'bind', Source: '/s', Destination: '/b', Mode: '', RW: true, Propagation: 'rslave' },
    ]);
    expect(Config).toMatchObject({
      ...{ AttachStdin: true, AttachStdout: false, StopSignal: 'TERM', StopTimeout: 3 },
      ...{ ExposedPorts: { '80/tcp': {} }, Healthcheck: { Test: ['NONE'] }, Labels: { k: 'v' } },
    });
  });

  test('has places on disk from the first start on, and sizes for who asks', async () => {
    const { Id, ResolvConfPath, LogPath, GraphDriver } = await described();
    expect({ ResolvConfPath, LogPath, GraphDriver }).toEqual({
      ...{ ResolvConfPath: '', LogPath: '', GraphDriver: { Data: null, Name: 'wherry' } },
    });
    const { log, paths, rootfs, upper } = containerPlaces(sandbox.root, Id);
    for (const directory of [upper, paths.bundle]) mkdirSync(directory);
    writeFileSync(networkFiles(paths).resolvConf, '');
    writeFileSync(`${upper}/file`, '12345');
    const after = await engine.containers.describe({ container: 'box', sizes: true });
    expect(after).toMatchObject({
      ...{ ResolvConfPath: networkFiles(paths).resolvConf, LogPath: log, SizeRw: 5, SizeRootFs: 12 },
      GraphDriver: { Data: { MergedDir: rootfs, UpperDir: upper } },
    });
    await expect(engine.containers.describe({ container: 'none' })).rejects.toThrow(
      'No such container: none',
    );
  });

  test.each([
    { options: { runtime: 'nosuch' }, text: /Unknown runtime specified nosuch|needs runc, crun or youki/ },
    { options: { oomScoreAdj: 5000 }, text: 'Invalid value 5000, range for oom score adj is [-1000, 1000]' },
    { options: { cgroupParent: '../x' }, text: 'invalid cgroup parent: ../x' },
    { options: { deviceRules: ['x'] }, text: "invalid device cgroup format 'x'" },
    { options: { resources: { blkioWeight: 5 } }, text: 'Range of blkio weight is from 10 to 1000' },
    { options: { resources: { cpuPeriod: 5 } }, text: 'CPU cfs period can not be less than 1ms' },
    { options: { resources: { cpuQuota: 5 } }, text: 'CPU cfs quota can not be less than 1ms' },
    { options: { resources: { memoryReservationBytes: 1 } }, text: 'Minimum memory reservation allowed is' },
  ])('is nothing where $options is wrong', async ({ options, text }) => {
    await expect(described({ options })).rejects.toThrow(text);
    expect(await engine.containers.names()).toEqual([]);
  });
});

/** Names and kinds of values, in order, down to what differs from container to container. */
function shapeOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return kindOf(value);
  const { GraphDriver: _, Networks, MaskedPaths: __, Config, ...rest } = value as Record<string, unknown>;
  const own = Config === undefined ? {} : { Config: Object.keys(Config as object) };
  const network = Networks === undefined ? {} : { Networks: Object.values(Networks as object).map(shapeOf) };
  return Object.entries({ ...rest, ...own, ...network }).map(([name, each]) => [name, shapeOf(each)]);
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value;
}

function readIfThere(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
