import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerRegistry } from '../bench/peers.ts';
import { tarOf } from './layout.ts';
import { describeWith } from './needs.ts';
import { type Result, Sandbox, startService, tryRun } from './wherry.ts';

const LONG_MS = 180_000;
const PLAIN = '--tls-verify=false';
/** Of the account `user` with the password `secret`. */
const PASSWORDS = 'user:$2b$04$5/kei9GXgFtV3DCqwsUmX.I9HtwOiZ.cM7P30aIANNBM8cDktFMZS\n';
const IMAGES = '{{.Repository}}:{{.Tag}} {{.ID}} {{.Digest}}';
const OTHER = 'quay.example/other:1';
const IMAGES_ALONE =
  "Error: of podman's own API, libpod, only what is about images is supported: use docker, or another client of Docker's Engine API\n";

/** podman as the client of wherry's service, beside podman on a store of its own. Each test goes on where the last ended. */
describeWith({ linux: true, root: true, programs: ['podman', 'docker-registry'] }, 'podman --remote', () => {
  const sandbox = new Sandbox();
  const root = sandbox.directory('engine');
  const socket = sandbox.file('podman.sock');
  const storage = sandbox.directory('podman');
  const { DOCKER_CONFIG: _, ...machine } = sandbox.environment;
  const env = { ...machine, XDG_RUNTIME_DIR: sandbox.path, REGISTRY_AUTH_FILE: sandbox.file('auth.json') };
  const local = [
    '--root',
    join(storage, 'root'),
    '--runroot',
    join(storage, 'run'),
    '--storage-driver',
    'vfs',
  ];
  let service: Awaited<ReturnType<typeof startService>>;
  let registry: Peer;
  let box: string;

  const remote = (...args: string[]) =>
    tryRun({ env }, 'podman', '--remote', '--url', `unix://${socket}`, ...args);
  const real = (...args: string[]) => tryRun({ env }, 'podman', ...local, ...args);

  /** What both say, which is the same, its lines sorted: they list images of one time in orders of their own. */
  async function both(...args: string[]): Promise<{ status: number | null; stdout: string }> {
    const [ours, theirs] = (await Promise.all([remote(...args), real(...args)])).map(said);
    expect([args, ours]).toEqual([args, theirs]);
    return ours as ReturnType<typeof said>;
  }

  /** Runs it at both, for what it does. */
  async function atBoth(...args: string[]): Promise<void> {
    for (const client of [remote, real]) expect(await client(...args)).toMatchObject({ status: 0 });
  }

  beforeAll(async () => {
    const passwords = sandbox.file('htpasswd');
    writeFileSync(passwords, PASSWORDS);
    // podman refuses to pull with a file that is not there.
    writeFileSync(env.REGISTRY_AUTH_FILE, '{}');
    registry = await startDockerRegistry(sandbox.directory('registry'), { passwords });
    service = await startService(sandbox, root, '--addr', `unix://${socket}`);
    box = `${registry.address}/team/box`;
    const tar = sandbox.file('box.tar');
    writeFileSync(tar, tarOf([{ path: 'etc/box', content: 'box\n' }]));
    const changes = ['-c', 'CMD ["sh"]', '-c', 'LABEL of=box'];
    await sandbox.at(root, 'import', ...changes, tar, `${box}:1`);
  }, LONG_MS);
  afterAll(async () => {
    await service?.stop();
    await registry?.stop();
    sandbox[Symbol.dispose]();
  }, LONG_MS);

  test('pushes and pulls with what it has from podman login', { timeout: LONG_MS }, async () => {
    const refused = await remote('push', PLAIN, `${box}:1`);
    expect([refused.status, refused.stderr]).toEqual([
      125,
      expect.stringContaining('no basic auth credentials'),
    ]);
    const [address] = box.split('/');
    await remote('login', PLAIN, '-u', 'user', '-p', 'secret', address as string);
    const pushed = await remote('push', PLAIN, `${box}:1`);
    expect([pushed.status, pushed.stderr]).toEqual([0, expect.stringContaining('Copying blob sha256:')]);
    expect(await remote('push', '-q', PLAIN, `${box}:1`, `docker://${box}:2`)).toMatchObject({ status: 0 });
    expect(await remote('rmi', `${box}:1`)).toMatchObject({ status: 0 });
    const pulled = await remote('pull', PLAIN, `${box}:1`);
    expect(pulled.stderr).toContain(`Trying to pull ${box}:1...\nCopying blob sha256:`);
    expect(said(await real('pull', '-q', PLAIN, `${box}:1`))).toEqual(said(pulled));
    expect((await both('pull', '-q', PLAIN, `docker://${box}:1`)).status).toBe(0);
    const missing = await remote('pull', PLAIN, `${box}:nosuch`);
    expect([missing.status, missing.stderr]).toEqual([
      125,
      expect.stringContaining(`${box}:nosuch not found`),
    ]);
    await both('search', PLAIN, `${address}/team`);
    expect((await both('search', PLAIN, '--list-tags', box)).stdout).toContain('2');
  });

  test('lists, describes and names images as podman does', { timeout: LONG_MS }, async () => {
    await atBoth('tag', `${box}:1`, `${box}:3`, 'docker.io/library/foo');
    const listed = await both('images', '--no-trunc', '--format', IMAGES);
    expect(listed.stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(
      expect.arrayContaining([`${box}:1`, `${box}:3`, 'docker.io/library/foo:latest']),
    );
    for (const args of [
      ['images', '-q'],
      ['image', 'ls', '-q', '--filter', 'label=of'],
      ['images', '-q', '-f', 'label=nothing'],
      ['images', '-q', '-f', 'bogus=1'],
      ['images', '-q', 'foo'],
      ['images', '-q', 'docker.io/library/foo'],
      ['image', 'exists', `${box}:1`],
      ['image', 'exists', 'nosuch'],
      [
        'inspect',
        '--format',
        '{{.Id}} {{.Digest}} {{json .RootFS}} {{json .Config}} {{.Created}}',
        `${box}:1`,
      ],
      [
        'image',
        'inspect',
        '--format',
        '{{.Labels}} {{.ManifestType}} {{.Os}} {{.Architecture}}',
        'docker.io/library/foo',
      ],
      ['image', 'inspect', 'nosuch'],
      ['inspect', 'nosuch'],
      ['history', '--no-trunc', '--format', '{{.ID}} {{.CreatedBy}} {{.Comment}}', `${box}:1`],
      ['tag', 'nosuch', 'x'],
      ['untag', `${box}:1`, 'docker.io/library/nosuch'],
      ['untag', `${box}:1`, `${box}:3`],
      ['images', '--format', IMAGES],
    ])
      await both(...args);
    const tree = (await remote('image', 'tree', `${box}:1`)).stdout;
    expect(tree).toMatch(
      /^Image ID: [0-9a-f]{12}\nTags: .*\nSize: .*\nImage Layers\n└── ID: [0-9a-f]{12} Size: /,
    );
    expect(JSON.parse((await remote('images', '--format', 'json')).stdout)).toHaveLength(2);
  });

  test('saves and loads', { timeout: LONG_MS }, async () => {
    const archives = ['docker-archive', 'oci-archive'].map(
      (format) => [format, sandbox.file(format)] as const,
    );
    for (const [format, path] of archives) {
      expect(await remote('save', '-q', '--format', format, '-o', path, `${box}:1`)).toMatchObject({
        status: 0,
      });
      expect(readFileSync(path).length).toBeGreaterThan(1024);
    }
    await atBoth('tag', `${box}:1`, OTHER);
    await atBoth('untag', OTHER, 'docker.io/library/foo');
    const several = sandbox.file('several.tar');
    const theirs = sandbox.file('theirs.tar');
    expect(await remote('save', '-m', '-o', several, `${box}:1`, OTHER)).toMatchObject({ status: 0 });
    expect(await real('save', '-q', '-o', theirs, `${box}:1`)).toMatchObject({ status: 0 });
    await both('save', '-q', '-o', sandbox.file('none'), 'nosuch');
    await atBoth('rmi', '-a', '-f');
    for (const path of [...archives.map(([, path]) => path), theirs, several])
      expect((await both('load', '-q', '-i', path)).stdout).toContain(`Loaded image: ${box}:1`);
    const empty = sandbox.file('empty');
    writeFileSync(empty, '');
    expect((await both('load', '-i', empty)).status).toBe(125);
    await both('images', '-q', '--no-trunc');
  });

  test('removes images, and says by its exit what stood in the way', { timeout: LONG_MS }, async () => {
    const id = (await both('images', '-q')).stdout.trim();
    expect((await both('rmi', id)).status).toBe(125);
    expect((await both('rmi', 'nosuch')).status).toBe(1);
    expect((await both('rmi', '-f', 'nosuch')).status).toBe(0);
    expect((await both('rmi', `${box}:1`, 'nosuch')).stdout).toContain(`Untagged: ${box}:1`);
    await both('untag', OTHER);
    await both('images', '--format', '{{.Repository}} {{.Tag}}');
    expect((await both('image', 'prune', '-f')).stdout).toContain(id);
    await atBoth('pull', '-q', PLAIN, `${box}:1`);
    await atBoth('tag', `${box}:1`, OTHER);
    expect((await both('rmi', '-f', id)).stdout).toContain('Deleted: ');
    await both('rmi', '-a', '-f');
    expect((await both('images', '-q')).stdout).toBe('');
  });

  test('is told of the service, and that the rest is not spoken', { timeout: LONG_MS }, async () => {
    const byPort = await fetch(`http://${service.address}/v4.3.1/libpod/images/json`);
    const message = expect.stringContaining('the Engine API takes a Unix socket');
    expect([byPort.status, await byPort.json()]).toEqual([403, { cause: message, message, response: 403 }]);
    expect((await remote('version')).stdout).toMatch(/Server: +Podman Engine\nVersion: +\d/);
    expect(
      (await remote('info', '-f', '{{.Store.GraphDriverName}} {{.Store.ImageStore.Number}}')).stdout,
    ).toBe('wherry 0\n');
    await atBoth('pull', '-q', PLAIN, `${box}:1`);
    await both('system', 'df', '--format', '{{.Type}} {{.Total}} {{.Active}}');
    for (const args of [['ps'], ['run', '--rm', `${box}:1`, 'true'], ['volume', 'ls']])
      expect(await remote(...args)).toMatchObject({ status: 125, stdout: '', stderr: IMAGES_ALONE });
  });
});

function said({ status, stdout }: Result): { status: number | null; stdout: string } {
  return { status, stdout: stdout.split('\n').sort().join('\n') };
}
