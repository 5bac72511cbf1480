import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, type Peer, startDockerRegistry } from '../bench/peers.ts';
import { SHARED, seedRegistry, sourceImage } from './images.ts';
import { digestOf, OCI_MANIFEST, tarOf, writeImageIndex } from './layout.ts';
import { describeWith } from './needs.ts';
import { noisyLayer } from './noise.ts';
import { ScriptedServer, serveImage } from './scripted-registry.ts';
import { type Result, run, Sandbox } from './wherry.ts';

const sandbox = new Sandbox();
afterAll(() => sandbox[Symbol.dispose]());

const AMD64 = { os: 'linux', architecture: 'amd64' };

/** One line that says what failed, and perhaps one with what to do. */
function expectOneClearLine({ status, stderr }: Result, message: RegExp, exitCode = 1): void {
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at |internal error|node:internal/m);
  const lines = stderr.trimEnd().split('\n');
  expect(lines.length, stderr).toBeLessThanOrEqual(2);
  for (const line of lines) expect(line.length).toBeLessThan(1_000);
  expect(status).toBe(exitCode);
}

async function expectSound(root: string): Promise<void> {
  expect(await sandbox.at(root, 'system', 'check')).toContain('no faults');
}

describeWith({ programs: ['docker-registry', 'skopeo'] }, 'what a registry does not have', () => {
  let registry: Peer;

  beforeAll(async () => {
    registry = await startDockerRegistry(sandbox.directory('registry'));
    const layout = sandbox.directory('layout');
    const images = ['amd64', 'arm64'].map((architecture) => ({
      platform: { os: 'linux', architecture },
      layers: [tarOf([{ path: 'arch', content: architecture }])],
    }));
    await writeImageIndex(layout, images);
    await seedRegistry(sourceImage('two', layout), `${registry.address}/bad/image:1`);
  });
  afterAll(() => registry?.stop());

  test.each([
    {
      name: 'a repository',
      args: ['pull', 'HOST/bad/unknown:1'],
      message: /HOST\/bad\/unknown:1.*not found/,
    },
    { name: 'a tag', args: ['pull', 'HOST/bad/image:2'], message: /HOST\/bad\/image:2.*not found/ },
    {
      name: 'a digest',
      args: ['pull', `HOST/bad/image@sha256:${'0'.repeat(64)}`],
      message: /not found|manifest unknown/,
    },
    {
      name: 'a platform',
      args: ['pull', '--platform', 'windows/amd64', 'HOST/bad/image:1'],
      message: /no matching manifest for windows\/amd64/,
    },
    { name: 'a reference', args: ['pull', 'Not/A/Reference'], message: /must be lowercase/ },
    { name: 'an empty reference', args: ['pull', ''], message: /invalid reference format/ },
    {
      name: 'a platform spelled wrong',
      args: ['pull', '--platform', '!!', 'HOST/bad/image:1'],
      message: /invalid OS component/,
    },
    { name: 'an image here', args: ['push', 'HOST/bad/nothing:1'], message: /does not exist/ },
    { name: 'an image to tag', args: ['tag', 'nothing:1', 'other:1'], message: /No such image: nothing:1/ },
    {
      name: 'an image to save',
      args: ['save', '-o', 'x.tar', 'nothing:1'],
      message: /reference does not exist/,
    },
    { name: 'an image to remove', args: ['rmi', 'nothing:1'], message: /No such image: nothing:1/ },
  ])('says so: $name', async ({ args, message }) => {
    const root = sandbox.directory('root');
    const named = args.map((arg) => arg.replace('HOST', registry.address));
    const result = await sandbox.tryWith({ cwd: sandbox.path }, '--root', root, ...named);
    const plain = { ...result, stderr: result.stderr.replaceAll(registry.address, 'HOST') };
    expectOneClearLine(plain, message);
    await expectSound(root);
  });
});

describeWith({ programs: ['openssl'] }, 'a registry out of reach', () => {
  test('nobody listens', async () => {
    const name = `127.0.0.1:${await freePort()}/bad/image:1`;
    expectOneClearLine(await sandbox.try('pull', name), /connection refused/);
  });

  test('the host has no address', async () => {
    const result = await sandbox.try('pull', 'nosuch.invalid/bad/image:1');
    expectOneClearLine(result, /nosuch\.invalid.*(no such host|not known|ENOTFOUND)/);
  });

  test('its certificate is its own', async () => {
    const directory = sandbox.directory('tls');
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    await run(
      'openssl',
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=registry.invalid'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1'],
    );
    const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    await using server = await ScriptedServer.start(serveImage({}), tls);
    // Loopback addresses need no certificate: any other address of this machine does.
    const port = server.address.split(':')[1];
    const result = await sandbox.try('pull', `${ownAddress()}:${port}/bad/image:1`);
    expectOneClearLine(result, /certificate/);
  });
});

/** An address of this machine that is not its loopback. */
function ownAddress(): string {
  const found = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');
  if (!found) throw new Error('this machine has no address but its loopback');
  return found.address;
}

const ERROR = (code: string, message: string) => JSON.stringify({ errors: [{ code, message }] });

const answers: readonly {
  readonly name: string;
  readonly answer: RequestListener;
  readonly message: RegExp;
}[] = [
  {
    name: '401',
    answer: (_, response) =>
      response
        .writeHead(401, { 'www-authenticate': 'Basic realm="nowhere"' })
        .end(ERROR('UNAUTHORIZED', 'authentication required')),
    message: /unauthorized|no basic auth credentials|authentication required/,
  },
  {
    name: '403',
    answer: (_, response) => response.writeHead(403).end(ERROR('DENIED', 'requested access is denied')),
    message: /denied|403/,
  },
  {
    name: '404',
    answer: (_, response) => response.writeHead(404).end(ERROR('MANIFEST_UNKNOWN', 'manifest unknown')),
    message: /not found|unknown/,
  },
  {
    name: '429 with an hour to wait',
    answer: (_, response) =>
      response.writeHead(429, { 'retry-after': '3600' }).end(ERROR('TOOMANYREQUESTS', 'slow down')),
    message: /toomanyrequests|slow down|429|rate/i,
  },
  { name: '500', answer: (_, response) => response.writeHead(500).end('oops'), message: /500/ },
  {
    name: 'a redirect to itself',
    answer: (request, response) => response.writeHead(307, { location: request.url ?? '/' }).end(),
    message: /redirect/,
  },
  {
    name: 'a page where a manifest should be',
    answer: (_, response) =>
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>Welcome</title>'),
    message: /text\/html|manifest|JSON/i,
  },
  {
    name: 'a manifest of 5 MB',
    answer: (_, response) =>
      response
        .setHeader('content-type', OCI_MANIFEST)
        .end(`{"schemaVersion":2,"mediaType":"${OCI_MANIFEST}","x":"${'x'.repeat(5 << 20)}"}`),
    message: /5|large|bytes|limit/i,
  },
  {
    name: 'a manifest that is cut',
    answer: (_, response) => response.setHeader('content-type', OCI_MANIFEST).end('{"schemaVersion":2,"lay'),
    message: /manifest|JSON/i,
  },
];

describeWith({}, 'a registry that answers with nonsense', () => {
  test.each(answers)('$name', async ({ answer, message }) => {
    const root = sandbox.directory('root');
    await using server = await ScriptedServer.start((request, response) => {
      if (request.url === '/v2/' && request.method === 'GET') response.end('{}');
      else answer(request, response);
    });
    const result = await sandbox.try('--root', root, 'pull', `${server.address}/bad/image:1`);
    expectOneClearLine(result, message);
    await expectSound(root);
    expect(await sandbox.at(root, 'images', '-q')).toBe('');
  });

  const layer = noisyLayer(7, 400_000);
  test.each([
    { name: 'shorter than it is said to be', script: { layer, layerSize: layer.length + 100 } },
    { name: 'longer than it is said to be', script: { layer, layerSize: layer.length - 100 } },
    { name: 'with another digest', script: { layer, sent: noisyLayer(8, 400_000) } },
    { name: 'with another diff ID', script: { layer, diffID: digestOf('another') } },
    { name: 'that is no tar', script: { layer: Buffer.from('<html>'.repeat(1000)), diffID: digestOf('x') } },
    { name: 'cut in the middle, again and again', script: { layer, cutAfter: 1000 } },
  ])('a blob $name', async ({ script }) => {
    const root = sandbox.directory('root');
    const honest = 'diffID' in script ? {} : { diffID: digestOf(layer) };
    await using server = await ScriptedServer.start(serveImage({ ...honest, ...script }));
    const result = await sandbox.try('--root', root, 'pull', '-q', `${server.address}/bad/image:1`);
    expectOneClearLine(result, /\S/);
    await expectSound(root);
    expect(await sandbox.at(root, 'images', '-q')).toBe('');
    expect(existsSync(join(root, 'blobs', ...digestOf(script.sent ?? script.layer).split(':')))).toBe(false);
  });

  test('a blob that inflates to many times its size takes no room and little time', async () => {
    const bomb = gzipBomb(8);
    expect(bomb.length).toBeLessThan(10 << 20);
    const root = sandbox.directory('root');
    await using server = await ScriptedServer.start(serveImage({ layer: bomb, diffID: digestOf('x') }));
    const began = performance.now();
    const result = await sandbox.try('--root', root, 'pull', '-q', `${server.address}/bad/bomb:1`);
    expectOneClearLine(result, /layers from manifest don't match image configuration/);
    expect(performance.now() - began).toBeLessThan(60_000);
    expect(bytesUnder(root)).toBeLessThan(2 * bomb.length);
    await expectSound(root);
  });
});

function bytesUnder(root: string): number {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((path) => statSync(join(root, path)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
}

/** A tar that announces so many GiB and has them: zeros, in gzip members of 256 MiB each. */
function gzipBomb(gib: number): Buffer {
  const header = tarOf([{ path: 'zeros' }]).subarray(0, 512);
  // GNU's base-256 size, for more than octal digits hold.
  header.fill(0, 124, 136);
  header.writeUInt8(0x80, 124);
  header.writeBigUInt64BE(BigInt(gib) << 30n, 128);
  header.write(' '.repeat(8), 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const zeros = gzipSync(Buffer.alloc(256 << 20));
  return Buffer.concat([gzipSync(header), ...Array.from({ length: 4 * gib }, () => zeros)]);
}

describeWith({}, 'tars that are not what they should be', () => {
  const good = tarOf([{ path: 'etc/motd', content: 'hello\n' }]);
  const broken = Buffer.from(good);
  broken[0]! ^= 1;

  async function importOf(bytes: Uint8Array): Promise<{ result: Result; root: string }> {
    const root = sandbox.directory('root');
    const path = sandbox.file('root.tar');
    writeFileSync(path, bytes);
    return { root, result: await sandbox.try('--root', root, 'import', path, 'bad/imported:1') };
  }

  test.each([
    { name: 'a name with ..', bytes: tarOf([{ path: '../../../../escaped', content: 'x' }]) },
    { name: 'an absolute name', bytes: tarOf([{ path: '/tmp/wherry-escaped', content: 'x' }]) },
    {
      name: 'a name twice',
      bytes: tarOf([
        { path: 'twice', content: 'a' },
        { path: 'twice', content: 'b' },
      ]),
    },
    {
      name: 'a link that leads out',
      bytes: tarOf([
        { path: 'out', type: '2', linkTarget: '/tmp' },
        { path: 'out/wherry-escaped', content: 'x' },
      ]),
    },
  ])('a tar with $name does no harm', async ({ bytes }) => {
    const { result, root } = await importOf(bytes);
    if (result.status !== 0) expectOneClearLine(result, /\S/);
    expect(existsSync('/tmp/wherry-escaped')).toBe(false);
    expect(readdirSync(sandbox.path)).not.toContain('escaped');
    expect(readdirSync(root).filter((name) => name.includes('escaped') || name === 'twice')).toEqual([]);
    await expectSound(root);
  });

  test.each([
    { name: 'a truncated header', bytes: good.subarray(0, 300) },
    { name: 'a truncated body', bytes: good.subarray(0, 514) },
    { name: 'a bad checksum', bytes: broken },
    { name: 'a gzip stream that is cut', bytes: gzipSync(good).subarray(0, 40) },
  ])('a tar with $name is refused', async ({ bytes }) => {
    const { result, root } = await importOf(bytes);
    expectOneClearLine(result, /\S/);
    await expectSound(root);
    expect(await sandbox.at(root, 'images', '-q')).toBe('');
  });

  test('a tar that is not there is named', async () => {
    expectOneClearLine(
      await sandbox.try('import', '/nowhere/root.tar'),
      /\/nowhere\/root\.tar: no such file/,
    );
  });
});

const HOSTILE = join(SHARED, 'cases', 'tar-hostile');

describeWith({ paths: [HOSTILE] }, 'hostile tars that Docker was shown', () => {
  const cases: Record<string, { import: { ok: boolean; diffID?: string[] } }> = existsSync(HOSTILE)
    ? JSON.parse(readFileSync(join(HOSTILE, 'expected.json'), 'utf8'))
    : {};

  test('are stored as they are or refused, and do no harm', async () => {
    const root = sandbox.directory('root');
    const before = readdirSync(root);
    expect(before).toEqual([]);
    for (const [name, expected] of Object.entries(cases)) {
      const result = await sandbox.try('--root', root, 'import', join(HOSTILE, name));
      if (result.status !== 0) expectOneClearLine(result, /\S/);
      else if (expected.import.diffID) {
        const [image] = JSON.parse(await sandbox.at(root, 'inspect', result.stdout.trim()));
        expect(`${name}: ${image.RootFS.Layers}`).toBe(`${name}: ${expected.import.diffID}`);
      }
    }
    await expectSound(root);
  });
});

describeWith({}, 'archives that are none', () => {
  const layer = tarOf([{ path: 'file', content: 'x' }]);
  const config = JSON.stringify({
    ...AMD64,
    config: {},
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
  });
  const manifest = JSON.stringify([
    { Config: 'config.json', RepoTags: ['bad/archive:1'], Layers: ['layer.tar'] },
  ]);

  test.each([
    { name: 'without a manifest', bytes: tarOf([{ path: 'config.json', content: config }]) },
    {
      name: 'with a layer missing',
      bytes: tarOf([
        { path: 'manifest.json', content: manifest },
        { path: 'config.json', content: config },
      ]),
    },
    {
      name: 'with another layer than the config says',
      bytes: tarOf([
        { path: 'manifest.json', content: manifest },
        { path: 'config.json', content: config },
        { path: 'layer.tar', content: tarOf([{ path: 'other' }]) },
      ]),
    },
    { name: 'with a manifest that is no JSON', bytes: tarOf([{ path: 'manifest.json', content: '<html>' }]) },
    {
      name: 'with a layer outside of it',
      bytes: tarOf([
        { path: 'manifest.json', content: manifest.replace('layer.tar', '../../../etc/passwd') },
        { path: 'config.json', content: config },
      ]),
    },
    { name: 'that is text', bytes: Buffer.from('this is no archive\n'.repeat(100)) },
    { name: 'that is empty', bytes: Buffer.alloc(0) },
    { name: 'that is cut', bytes: tarOf([{ path: 'manifest.json', content: manifest }]).subarray(0, 600) },
  ])('an archive $name is refused', async ({ bytes }) => {
    const root = sandbox.directory('root');
    const path = sandbox.file('archive.tar');
    writeFileSync(path, bytes);
    expectOneClearLine(await sandbox.try('--root', root, 'load', '-i', path), /\S/);
    await expectSound(root);
    expect(await sandbox.at(root, 'images', '-q')).toBe('');
  });

  test('an archive that is not there is named', async () => {
    expectOneClearLine(await sandbox.try('load', '-i', '/nowhere/a.tar'), /\/nowhere\/a\.tar: no such file/);
  });
});

describeWith({ programs: ['mount', 'umount'], root: true, linux: true }, 'a store whose disk is full', () => {
  const LAYER_BYTES = 10 << 20;

  test('says so, and the pull goes on once there is room', async () => {
    const mount = sandbox.directory('disk');
    await run('mount', '-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', mount);
    try {
      const layer = noisyLayer(9, LAYER_BYTES);
      const packed = gzipSync(layer);
      const image = serveImage({ layer: packed, diffID: digestOf(layer) });
      await using server = await ScriptedServer.start(image);
      const root = join(mount, 'store');
      const ballast = join(mount, 'ballast');
      writeFileSync(ballast, Buffer.alloc(12 << 20));
      const name = `${server.address}/full/image:1`;
      expectOneClearLine(await sandbox.try('--root', root, 'pull', name), /no space left on device/);
      await run('rm', ballast);
      expect(await sandbox.at(root, 'pull', name)).toContain('Pull complete');
      await expectSound(root);
    } finally {
      await run('umount', '-l', mount);
    }
  });
});

const NOBODY = 65534;

describeWith({ root: true, linux: true }, 'a store of somebody else', () => {
  test('says that it may not write there', async () => {
    const root = sandbox.directory('root');
    chmodSync(sandbox.path, 0o755);
    const archive = sandbox.file('root.tar');
    writeFileSync(archive, tarOf([{ path: 'file' }]));
    const env = { WHERRY_ROOT: root };
    for (const args of [
      ['import', archive],
      ['load', '-i', archive],
    ])
      expectOneClearLine(await sandbox.tryWith({ env, uid: NOBODY }, ...args), /permission denied/);
    expect(readdirSync(root)).toEqual([]);
  });

  test('may be read if the owner lets others in', async () => {
    const root = sandbox.directory('root');
    const archive = sandbox.file('root.tar');
    writeFileSync(archive, tarOf([{ path: 'file' }]));
    await sandbox.at(root, 'import', archive, 'read/only:1');
    chmodSync(sandbox.path, 0o755);
    const result = await sandbox.tryWith({ uid: NOBODY }, '--root', root, 'images');
    if (result.status === 0) expect(result.stdout).toMatch(/^read\/only +1 /m);
    else expectOneClearLine(result, /permission denied/);
  });
});

describeWith({}, 'a store that a newer version wrote', () => {
  test('is left alone', async () => {
    const root = sandbox.directory('root');
    const archive = sandbox.file('root.tar');
    writeFileSync(archive, tarOf([{ path: 'file' }]));
    await sandbox.at(root, 'import', archive, 'from/future:1');
    const database = new DatabaseSync(join(root, 'metadata.db'));
    database.exec('PRAGMA user_version = 9999');
    database.close();
    for (const args of [['images'], ['rmi', 'from/future:1'], ['import', archive], ['system', 'check']])
      expectOneClearLine(await sandbox.try('--root', root, ...args), /newer/);
  });
});
