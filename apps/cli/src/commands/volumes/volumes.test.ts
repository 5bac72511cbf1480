import { type Engine, type SystemPruneRequest, type VolumeInfo, WherryError } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';
import { mountOf, volumeOf } from '../containers/container-mounts.ts';
import { volumesFromOf } from '../containers/container-volumes.ts';

const db: VolumeInfo = {
  name: 'db',
  createdAt: '2026-11-26T05:06:46Z',
  labels: { z: '', k: 'v' },
  mountpoint: '/s/volumes/db/_data',
};
const plain: VolumeInfo = { ...db, name: 'plain', labels: {}, mountpoint: '/s/volumes/plain/_data' };

/** An engine with these verbs on volumes alone. */
function withVolumes(verbs: Partial<Engine['volumes']>): { readonly engine: Partial<Engine> } {
  return { engine: { volumes: verbs as Engine['volumes'] } };
}

const unknown = (name: string) => new WherryError('VOLUME_UNKNOWN', `get ${name}: no such volume`);

describe('wherry volume', () => {
  test('create prints the name, and asks for what was given', async () => {
    const asked: unknown[] = [];
    const create: Engine['volumes']['create'] = async (request) => {
      asked.push(request);
      return 'made';
    };
    const argv = ['volume', 'create', '--label', 'k=a=b', '--label', 'e', 'vv'];
    expect(await runCli(argv, withVolumes({ create }))).toMatchObject({ exitCode: 0, stdout: 'made\n' });
    await runCli(['volume', 'create'], withVolumes({ create }));
    expect(asked).toEqual([
      { name: 'vv', labels: { k: 'a=b', e: '' }, driver: 'local' },
      { labels: {}, driver: 'local' },
    ]);
    for (const [flags, text] of [
      [['-o', 'type=tmpfs'], '--opt type=tmpfs is not offered: a volume is a directory of the store'],
      [['--label', '=x'], `invalid argument "=x" for "--label" flag: invalid label '=x': empty name`],
    ] as const) {
      const outcome = await runCli(['volume', 'create', ...flags], withVolumes({ create }));
      expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
      expect(outcome.stderr.startsWith(text)).toBe(true);
    }
  });

  test.each([
    { flags: [], want: 'DRIVER    VOLUME NAME\nlocal     db\nlocal     plain\n' },
    { flags: ['-q'], want: 'db\nplain\n' },
    { flags: ['--format', 'raw'], want: 'name: db\ndriver: local\n\nname: plain\ndriver: local\n\n' },
    { flags: ['-q', '--format', 'raw'], want: 'name: db\nname: plain\n' },
    { flags: ['--format', '{{.Labels}} {{.Label "k"}} {{.Size}}'], want: 'k=v,z= v N/A\n  N/A\n' },
    {
      flags: ['--format', 'table {{.Name}}\t{{.Mountpoint}}'],
      want: 'VOLUME NAME   MOUNTPOINT\ndb            /s/volumes/db/_data\nplain         /s/volumes/plain/_data\n',
    },
  ])('ls $flags', async ({ flags, want }) => {
    const list = async () => [db, plain];
    expect((await runCli(['volume', 'ls', ...flags], withVolumes({ list }))).stdout).toBe(want);
  });

  test('ls --format json has Docker’s fields', async () => {
    const list = async () => [db];
    const { stdout } = await runCli(['volume', 'list', '--format', 'json'], withVolumes({ list }));
    expect(stdout).toBe(
      '{"Availability":"N/A","Driver":"local","Group":"N/A","Labels":"k=v,z=","Links":"N/A","Mountpoint":"/s/volumes/db/_data","Name":"db","Scope":"local","Size":"N/A","Status":"N/A"}\n',
    );
  });

  test('inspect prints what is there, then what is not', async () => {
    const inspect = async (name: string) => {
      if (name === 'none') throw unknown(name);
      return name === 'db' ? db : plain;
    };
    const outcome = await runCli(['volume', 'inspect', 'plain', 'none'], withVolumes({ inspect }));
    expect(outcome).toMatchObject({ exitCode: 1, stderr: 'Error: get none: no such volume\n' });
    expect(outcome.stdout).toBe(
      `[
    {
        "CreatedAt": "2026-11-26T05:06:46Z",
        "Driver": "local",
        "Labels": null,
        "Mountpoint": "/s/volumes/plain/_data",
        "Name": "plain",
        "Options": null,
        "Scope": "local"
    }
]
`,
    );
    const template = '{{.Name}} {{.Labels.k}} {{.Options}} {{json .}}';
    expect((await runCli(['volume', 'inspect', '-f', template, 'db'], withVolumes({ inspect }))).stdout).toBe(
      'db v map[] {"CreatedAt":"2026-11-26T05:06:46Z","Driver":"local","Labels":{"k":"v","z":""},"Mountpoint":"/s/volumes/db/_data","Name":"db","Options":null,"Scope":"local"}\n',
    );
  });

  test('rm removes what it can, and tells of the rest', async () => {
    const remove: Engine['volumes']['remove'] = async ({ volume }) => {
      if (volume === 'none') throw unknown(volume);
      if (volume === 'used') throw new WherryError('CONFLICT', 'remove used: volume is in use - [c0ffee]');
    };
    const argv = ['volume', 'rm', 'aa', 'none', 'used', 'bb'];
    expect(await runCli(argv, withVolumes({ remove }))).toMatchObject({
      exitCode: 1,
      stdout: 'aa\nbb\n',
      stderr: 'Error: get none: no such volume\nError: remove used: volume is in use - [c0ffee]\n',
    });
  });

  test.each([
    { flags: [], kind: 'anonymous local volumes' },
    { flags: ['-a'], kind: 'all local volumes' },
    { flags: ['--filter', 'all=1'], kind: 'all local volumes' },
  ])('prune $flags asks first', async ({ flags, kind }) => {
    const prune = async () => ({ deleted: ['db'], reclaimedBytes: 1500 });
    const outcome = await runCli(['volume', 'prune', ...flags], { ...withVolumes({ prune }), stdin: 'y\n' });
    expect(outcome.stdout).toBe(
      `WARNING! This will remove ${kind} not used by at least one container.\nAre you sure you want to continue? [y/N] Deleted Volumes:\ndb\n\nTotal reclaimed space: 1.5kB\n`,
    );
  });

  test('prune knows no two ways to say all, and a dry run tells that it was one', async () => {
    const prune = async () => ({ deleted: [], reclaimedBytes: 0 });
    const twice = await runCli(['volume', 'prune', '-a', '--filter', 'all=1'], withVolumes({ prune }));
    expect(twice.stderr).toBe('conflicting options: cannot specify both --all and --filter all=1\n');
    expect(await runCli(['volume', 'prune', '--dry-run'], withVolumes({ prune }))).toMatchObject({
      stdout: 'Total reclaimed space: 0B\n',
      stderr: 'This was a dry run: nothing has been removed.\n',
    });
  });
});

describe('wherry system prune', () => {
  const asked: (SystemPruneRequest | undefined)[] = [];
  const systemPrune: Engine['systemPrune'] = async (request) => {
    asked.push(request);
    return {
      containers: { deleted: ['c0ffee'], reclaimedBytes: 1000 },
      volumes: { deleted: ['db'], reclaimedBytes: 200 },
      images: { events: [{ untagged: 'a:1' }], contentBytes: 30, reclaimedBytes: 0 },
      snapshots: { deleted: [], reclaimedBytes: 4 },
      buildCache: { deleted: ['ab12'], reclaimedBytes: 5 },
    };
  };
  const REPORT =
    'Deleted Containers:\nc0ffee\n\nDeleted Volumes:\ndb\n\nDeleted Images:\nuntagged: a:1\n\nDeleted build cache objects:\nab12\n\nTotal reclaimed space: 1.239kB\n';

  test('asks with what it is going to do', async () => {
    const argv = ['system', 'prune', '-a', '--volumes', '--snapshots', '--filter', 'label=x'];
    const outcome = await runCli(argv, { engine: { systemPrune }, stdin: 'n\n' });
    expect(outcome.stdout).toBe(`WARNING! This will remove:
  - all stopped containers
  - all anonymous volumes not used by at least one container
  - all images without at least one container associated to them
  - all build cache
  - all unpacked layers not used by at least one container

  Items to be pruned will be filtered with:
  - label=x

Are you sure you want to continue? [y/N] `);
    const { stdout } = await runCli(['system', 'prune'], { engine: { systemPrune }, stdin: '' });
    expect(stdout).toBe(
      'WARNING! This will remove:\n  - all stopped containers\n  - all dangling images\n  - unused build cache\n\nAre you sure you want to continue? [y/N] ',
    );
    expect(asked).toEqual([]);
  });

  test('tells what it took', async () => {
    expect(await runCli(['system', 'prune', '-f'], { engine: { systemPrune } })).toMatchObject({
      ...{ exitCode: 0, stdout: REPORT, stderr: '' },
    });
    const { stderr } = await runCli(['system', 'prune', '--dry-run'], { engine: { systemPrune } });
    expect(stderr).toBe('This was a dry run: nothing has been removed.\n');
    expect(asked[0]).toMatchObject({ all: false, volumes: false, configured: true, dryRun: false });
  });
});

describe('volumes of run and create', () => {
  test('are named', () => {
    const volume = { type: 'volume', name: 'db', target: '/b' };
    expect(volumeOf('db:/b')).toEqual(volume);
    expect(volumeOf('db:/b:ro,nocopy,z')).toEqual({ ...volume, readOnly: true, noCopy: true });
    expect(mountOf('src=db,dst=/b,readonly,volume-nocopy,volume-subpath=a/b,volume-label=k=v')).toEqual({
      ...{ ...volume, readOnly: true, noCopy: true, subpath: 'a/b', labels: { k: 'v' } },
    });
    expect(mountOf('type=volume,dst=/b')).toEqual({ type: 'volume', target: '/b' });
    expect(volumesFromOf('web')).toEqual({ container: 'web' });
    expect(volumesFromOf('web:ro,z')).toEqual({ container: 'web', readOnly: true });
  });

  test.each([
    { flags: ['-v', '/d:ro'], text: "invalid volume specification: '/d:ro'" },
    { flags: ['-v', ':/b'], text: 'invalid spec: :/b: empty section between colons' },
    { flags: ['-v', 'aa:/b:shared'], text: 'invalid mode: shared' },
    {
      flags: ['-v', 'aa:b'],
      text: `invalid volume specification: 'aa:b': invalid mount config for type "volume": invalid mount path: 'b' mount path must be absolute`,
    },
    { flags: ['--volumes-from', 'c1:zz'], text: 'invalid mode: zz' },
    { flags: ['--volumes-from', ''], text: 'volumes-from specification cannot be an empty string' },
    {
      flags: ['--mount', 'type=bind,src=/tmp,dst=/m,volume-nocopy'],
      text: `invalid argument "type=bind,src=/tmp,dst=/m,volume-nocopy" for "--mount" flag: cannot mix 'volume-*' options with mount type 'bind'`,
    },
    {
      flags: ['--mount', 'type=volume,dst=/m,bind-propagation=shared'],
      text: `invalid argument "type=volume,dst=/m,bind-propagation=shared" for "--mount" flag: cannot mix 'bind-*' options with mount type 'volume'`,
    },
    {
      flags: ['--mount', 'dst=/m,volume-driver=nfs'],
      text: 'invalid argument "dst=/m,volume-driver=nfs" for "--mount" flag: the volume driver nfs is not offered',
    },
    { flags: ['-v', 'aa:/d', '--tmpfs', '/d'], text: 'Duplicate mount point: /d' },
  ])('are refused: $flags', async ({ flags, text }) => {
    const outcome = await runCli(['create', ...flags, 'busybox'], { engine: {} });
    expect(outcome.exitCode).not.toBe(0);
    expect(outcome.stderr.replace(/^wherry: /, '').startsWith(text)).toBe(true);
  });

  test('are of the container’s own where a path stands alone, once each', async () => {
    const asked: Parameters<Engine['containers']['create']>[0][] = [];
    const create: Engine['containers']['create'] = async (request) => {
      asked.push(request);
      throw new WherryError('CONFLICT', 'enough');
    };
    const containers = { create } as Engine['containers'];
    const flags = ['-v', '/own', '-v', '/own', '-v', 'db:/d', '-v', 'db:/d', '--volumes-from', 'web'];
    await runCli(['create', ...flags, 'busybox'], { engine: { containers } });
    expect(asked[0]?.options).toMatchObject({
      volumes: ['/own'],
      volumesFrom: [{ container: 'web' }],
      mounts: [{ type: 'volume', name: 'db', target: '/d' }],
    });
  });
});
