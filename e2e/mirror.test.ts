import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerd, startDockerRegistry } from '../bench/peers.ts';
import { BlobProxy } from './blob-proxy.ts';
import { type SourceImage, seedRegistry, sourceImage } from './images.ts';
import { digestOf, tarOf, writeImage } from './layout.ts';
import { describeWith } from './needs.ts';
import { ScriptedServer, serveImage } from './scripted-registry.ts';
import { run, runWith, Sandbox, startService, tryRun } from './wherry.ts';

const MIB = 1 << 20;
const HTPASSWD = 'user:$2b$04$5/kei9GXgFtV3DCqwsUmX.I9HtwOiZ.cM7P30aIANNBM8cDktFMZS\n';
const LAYER_BYTES = 8 * MIB;

type Service = Awaited<ReturnType<typeof startService>>;

/** An image with one layer that is large enough to be interrupted, at the upstream. */
interface Seeded {
  readonly image: SourceImage;
  readonly manifest: string;
  readonly layer: { readonly digest: string; readonly size: number };
}

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

const sandbox = new Sandbox();
afterAll(() => sandbox[Symbol.dispose]());

describeWith({ programs: ['docker-registry', 'skopeo'] }, 'a mirror of real registries', () => {
  const data = sandbox.directory('upstream');
  let upstream: Peer;
  let proxy: BlobProxy;
  let closed: Peer;
  let service: Service | undefined;

  beforeAll(async () => {
    upstream = await startDockerRegistry(data);
    proxy = await BlobProxy.start(upstream.address);
    const passwords = sandbox.file('htpasswd');
    await writeFile(passwords, HTPASSWD);
    closed = await startDockerRegistry(sandbox.directory('closed'), { passwords });
  });
  afterAll(async () => {
    await service?.stop();
    await proxy?.[Symbol.asyncDispose]();
    for (const peer of [upstream, closed]) await peer?.stop();
  });

  /** One service at a time: names are those that people use, whatever registry stands behind them. */
  async function start(root: string, ...flags: string[]): Promise<Service> {
    await service?.stop();
    const mirrors = [
      '--mirror',
      `docker.io=http://${proxy.address}`,
      '--mirror',
      `up.example=${upstream.address}`,
    ];
    service = await startService(
      sandbox,
      root,
      ...mirrors,
      '--mirror',
      `closed.example=${closed.address}`,
      ...flags,
    );
    return service;
  }

  async function seed(name: string): Promise<Seeded> {
    const directory = sandbox.directory(name);
    const layer = tarOf([{ path: 'data', content: randomBytes(LAYER_BYTES) }]);
    const { digest } = await writeImage(directory, {
      platform: { os: 'linux', architecture: 'amd64' },
      layers: [layer],
    });
    const image = sourceImage(name, directory);
    await seedRegistry(image, `${upstream.address}/${name}:1`);
    const document = JSON.parse(readFileSync(join(directory, 'blobs', ...digest.split(':')), 'utf8'));
    return { image, manifest: digest, layer: document.layers[0] };
  }

  const get = (path: string, headers: Record<string, string> = {}) =>
    send(service?.address ?? '', path, headers);
  const blobFile = (root: string, digest: string) => join(root, 'blobs', ...digest.split(':'));
  const skopeo = (name: string) =>
    tryRun({ env: sandbox.environment }, 'skopeo', ...skopeoArguments(service?.address ?? '', name));

  test('skopeo pulls by path prefix, raw requests by namespace and host, and the upstream is asked once', async () => {
    const root = sandbox.directory('store');
    const { layer, manifest } = await seed('library/once');
    await start(root);
    expect(await skopeo('up.example/library/once:1')).toMatchObject({ status: 0 });
    expect(await skopeo('up.example/library/once:1')).toMatchObject({ status: 0 });
    const log = readFileSync(join(data, 'registry.log'), 'utf8').split('\n');
    const fetched = (path: string) =>
      log.filter((line) => line.includes(`"GET /v2/library/once/${path} HTTP`));
    expect(fetched(`blobs/${layer.digest}`)).toHaveLength(1);
    expect(fetched('manifests/1')).toHaveLength(1);

    const byNamespace = await get('/v2/library/once/manifests/1?ns=docker.io');
    expect(digestOf(byNamespace.body)).toBe(manifest);
    expect(byNamespace.headers['oci-namespace']).toBe('docker.io');
    expect((await get('/v2/library/once/manifests/1?ns=quay.io')).status).toBe(404);
    const byName = await get(`/v2/library/once/blobs/${layer.digest}`, { range: 'bytes=10-19' });
    expect([byName.status, byName.body.length]).toEqual([206, 10]);
  });

  test('eight clients share one fetch, and one that leaves stops nobody', async () => {
    const root = sandbox.directory('store');
    const { layer } = await seed('team/shared');
    await start(root);
    proxy.bytesPerSecond = 16 * MIB;
    const path = `/v2/team/shared/blobs/${layer.digest}?ns=docker.io`;
    await get('/v2/team/shared/manifests/1?ns=docker.io');
    const leaver = request(`http://${service?.address}${path}`, (answer) =>
      answer.once('data', () => leaver.destroy()),
    );
    leaver.on('error', () => {});
    leaver.end();
    const answers = await Promise.all(Array.from({ length: 8 }, () => get(path)));
    for (const { body } of answers) expect(digestOf(body)).toBe(layer.digest);
    expect(proxy.sent(layer.digest)).toBe(layer.size);
    proxy.bytesPerSecond = Number.POSITIVE_INFINITY;
  });

  test('a fetch goes on after SIGKILL where it was', async () => {
    const root = sandbox.directory('store');
    const { layer } = await seed('team/killed');
    await start(root);
    await get('/v2/docker.io/team/killed/manifests/1');
    const path = `/v2/docker.io/team/killed/blobs/${layer.digest}`;
    const held = proxy.interrupt(layer.digest, { after: LAYER_BYTES / 2, kind: 'hold' });
    const broken = get(path).catch((error: Error) => error);
    await held;
    service?.child.kill('SIGKILL');
    expect(await broken).toBeInstanceOf(Error);
    expect(existsSync(blobFile(root, layer.digest))).toBe(false);
    proxy.relent();
    await start(root);
    expect(digestOf((await get(path)).body)).toBe(layer.digest);
    // Half came before, and the rest alone came now, but for what was on its way.
    expect(proxy.sent(layer.digest)).toBeLessThan(layer.size + MIB);
    expect(await sandbox.at(root, 'system', 'check')).toContain('no faults');
  });

  test('what is cached is served while the upstream is away, and says how old it is', async () => {
    const root = sandbox.directory('store');
    const { layer, manifest } = await seed('team/offline');
    const stand = await BlobProxy.start(upstream.address);
    const away = `--mirror=away.example=http://${stand.address}`;
    await start(root, '--mirror-ttl', '0s', away);
    const path = '/v2/away.example/team/offline/manifests/1';
    expect((await get(path)).headers.warning).toBeUndefined();
    await get(`/v2/away.example/team/offline/blobs/${layer.digest}`);
    await stand[Symbol.asyncDispose]();
    await start(root, '--mirror-ttl', '0s', away);
    const stale = await get(path);
    expect(digestOf(stale.body)).toBe(manifest);
    expect(stale.headers.warning).toMatch(/^299 - "away\.example is out of reach .*: this was true .* ago"$/);
    expect(digestOf((await get(`/v2/away.example/team/offline/blobs/${layer.digest}`)).body)).toBe(
      layer.digest,
    );
    const unknown = await get('/v2/away.example/team/unknown/manifests/1');
    expect([unknown.status, JSON.parse(String(unknown.body)).errors[0].code]).toEqual([502, 'UNKNOWN']);
  });

  test('the limit sends away what was not asked for the longest time, pins aside', async () => {
    const root = sandbox.directory('store');
    const images = [await seed('pinned/a'), await seed('team/b'), await seed('team/c')];
    await start(root, '--mirror-max-size', '18MB', '--mirror-pin', 'up.example/pinned/*');
    for (const { image, layer } of images)
      expect((await get(`/v2/up.example/${image.name}/blobs/${layer.digest}`)).body).toHaveLength(layer.size);
    const present = () => images.map(({ layer }) => existsSync(blobFile(root, layer.digest)));
    await expect.poll(present).toEqual([true, false, true]);
  });

  test('a private upstream is read with its credentials, and refused without', async () => {
    const root = sandbox.directory('store');
    const { image, manifest } = await seed('team/secret');
    await start(root);
    const path = '/v2/closed.example/team/secret/manifests/1';
    const refused = await get(path);
    expect([refused.status, JSON.parse(String(refused.body)).errors[0].code]).toEqual([403, 'DENIED']);
    await sandbox.wherry('login', '-u', 'user', '-p', 'secret', closed.address);
    const target = `docker://${closed.address}/team/secret:1`;
    const login = ['--dest-creds', 'user:secret', '--dest-tls-verify=false'];
    await run('skopeo', 'copy', '-q', ...login, image.oci, target);
    await start(root);
    expect(digestOf((await get(path)).body)).toBe(manifest);
  });

  test.each([
    { name: 'other bytes', script: { sent: randomBytes(100_000), layer: randomBytes(100_000) } },
    { name: 'fewer bytes', script: { sent: Buffer.from('short'), layer: randomBytes(100_000) } },
    { name: 'a page', script: { sent: Buffer.from('<html></html>'), layer: randomBytes(100_000) } },
  ])('nothing is kept of an upstream that sends $name', async ({ script }) => {
    const root = sandbox.directory('store');
    await using hostile = await ScriptedServer.start(serveImage(script));
    await start(root, '--mirror', `hostile.example=${hostile.address}`);
    const pulled = await skopeo('hostile.example/team/app:1');
    expect(pulled.status).not.toBe(0);
    expect(existsSync(blobFile(root, digestOf(script.layer)))).toBe(false);
  });

  test('an upstream leads nobody into the private network', async () => {
    const root = sandbox.directory('store');
    const { layer } = await seed('team/inside');
    await using hostile = await ScriptedServer.start(({ url = '' }, response) => {
      if (url === '/v2/') response.end('{}');
      else response.writeHead(307, { location: `http://${upstream.address}${url}` }).end();
    });
    await start(root, '--mirror', `hostile.example=${hostile.address}`);
    const answer = await get(`/v2/hostile.example/team/inside/blobs/${layer.digest}`);
    expect([answer.status, JSON.parse(String(answer.body)).errors[0].code]).toEqual([502, 'UNKNOWN']);
    expect(String(answer.body)).toContain('private address');
  });

  describeWith({ programs: ['docker', 'dockerd'], root: true, linux: true }, 'and Docker', () => {
    test('pulls from Docker Hub through it, as registry-mirrors say', async () => {
      const root = sandbox.directory('store');
      const { layer } = await seed('library/hub');
      proxy.forgetCounts();
      const { address } = await start(root);
      const dockerd = await startDockerd(sandbox.directory('dockerd'), [
        '--registry-mirror',
        `http://${address}`,
      ]);
      try {
        const docker = (...args: string[]) =>
          runWith({ env: sandbox.environment }, 'docker', '-H', dockerd.address, ...args);
        await docker('pull', '-q', 'hub:1');
        await docker('rmi', 'hub:1');
        await docker('pull', '-q', 'hub:1');
        expect(proxy.sent(layer.digest)).toBe(layer.size);
      } finally {
        await dockerd.stop();
      }
    });
  });
});

function skopeoArguments(address: string, name: string): string[] {
  const into = `dir:${sandbox.directory('dir')}`;
  return ['copy', '-q', '--src-tls-verify=false', `docker://${address}/${name}`, into];
}

function send(address: string, path: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`http://${address}${path}`, { headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.on('error', reject).end();
  });
}
