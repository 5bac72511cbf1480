import { existsSync, globSync, readdirSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerRegistry } from '../bench/peers.ts';
import { BlobProxy } from './blob-proxy.ts';
import {
  describeImage,
  lightStack,
  multiPlatformImage,
  remoteDigest,
  type SourceImage,
  seedRegistry,
  workloadImages,
} from './images.ts';
import { describeWith } from './needs.ts';
import { run, Sandbox, startService } from './wherry.ts';

const HTPASSWD = 'user:$2b$04$5/kei9GXgFtV3DCqwsUmX.I9HtwOiZ.cM7P30aIANNBM8cDktFMZS\n';

const sandbox = new Sandbox({ inMemory: true });
const hello = await multiPlatformImage(sandbox.directory('hello'));
const images: SourceImage[] = [
  ...workloadImages().filter(({ name }) => ['small', 'debian'].includes(name)),
  ...(await lightStack(sandbox.directory('stack'))),
  hello,
];
afterAll(() => sandbox[Symbol.dispose]());

describeWith({ programs: ['docker-registry', 'skopeo'] }, 'copies between real registries', () => {
  let source: Peer;
  let target: Peer;
  /** Asks for a password, and deletes nothing. */
  let closed: Peer;
  let data: string;

  beforeAll(async () => {
    data = sandbox.directory('source');
    source = await startDockerRegistry(data);
    target = await startDockerRegistry(sandbox.directory('target'));
    const passwords = sandbox.file('htpasswd');
    await writeFile(passwords, HTPASSWD);
    closed = await startDockerRegistry(sandbox.directory('closed'), { passwords, deletes: false });
    for (const image of images) await seedRegistry(image, `${source.address}/${image.name}:1`);
    await sandbox.wherry('login', '-u', 'user', '-p', 'secret', closed.address);
  });
  afterAll(async () => {
    for (const peer of [source, target, closed]) await peer?.stop();
  });

  const raw = (name: string, ...options: string[]) =>
    run('skopeo', 'inspect', '--raw', '--tls-verify=false', ...options, `docker://${name}`);

  test.each(images)('$name is the same bytes there, and the store stays empty', async (image) => {
    const name = `${target.address}/team/${image.name}:1`;
    const { target: digest } = await describeImage(image);
    const output = await sandbox.wherry('copy', `${source.address}/${image.name}:1`, name);
    expect(output.trim().split('\n').at(-1)).toBe(`${name}@${digest}`);
    expect(await raw(name)).toBe(await raw(`${source.address}/${image.name}:1`));
    // skopeo verifies every blob that it reads.
    await run(
      'skopeo',
      'copy',
      '-q',
      '--all',
      '--src-tls-verify=false',
      `docker://${name}`,
      `dir:${sandbox.directory('dir')}`,
    );
    const again = await sandbox.wherry('copy', `${source.address}/${image.name}:1`, name);
    expect(again).not.toContain('Copied');
    expect(readdirSync(sandbox.root)).toEqual([]);
  });

  test('mounts in one registry, and writes to one with passwords', async () => {
    const from = `${source.address}/hello:1`;
    expect(await sandbox.wherry('copy', from, `${source.address}/mounted/hello:1`)).toContain(
      'Mounted from hello',
    );
    const name = `${closed.address}/hello:1`;
    await sandbox.wherry('copy', '-q', from, name);
    expect(await raw(name, '--creds', 'user:secret')).toBe(await raw(from));
    await sandbox.wherry('copy', '-q', name, `${target.address}/back/hello:1`);
    expect(await raw(`${target.address}/back/hello:1`)).toBe(await raw(from));
  });

  test('narrows to platforms as skopeo would see them', async () => {
    const from = `${source.address}/hello:1`;
    const one = `${target.address}/one:1`;
    await sandbox.wherry('copy', '-q', '--platform', 'linux/arm64', from, one);
    const index = JSON.parse(await raw(from));
    const arm64 = index.manifests.find(
      ({ platform }: { platform: { architecture: string } }) => platform.architecture === 'arm64',
    );
    expect(await remoteDigest(one)).toBe(arm64.digest);
    const two = `${target.address}/two:1`;
    await sandbox.wherry('copy', '-q', '--platform', 'linux/arm64', '--platform', 'linux/s390x', from, two);
    expect(JSON.parse(await raw(two)).manifests).toHaveLength(2);
  });

  test.each(images)('$name goes to files as skopeo writes them, and comes back from both', async (image) => {
    const from = `${source.address}/${image.name}:1`;
    const ours = sandbox.directory('ours');
    const theirs = sandbox.directory('theirs');
    await sandbox.wherry('copy', '-q', from, `oci:${ours}/oci:1`);
    await run(
      'skopeo',
      'copy',
      '-q',
      '--all',
      '--src-tls-verify=false',
      `docker://${from}`,
      `oci:${theirs}/oci:1`,
    );
    const blobs = (place: string) => readdirSync(join(place, 'oci/blobs/sha256')).sort();
    expect(blobs(ours)).toEqual(blobs(theirs));
    expect(JSON.parse(await readFile(`${ours}/oci/index.json`, 'utf8')).manifests).toEqual(
      JSON.parse(await readFile(`${theirs}/oci/index.json`, 'utf8')).manifests,
    );
    await sandbox.wherry('copy', '-q', from, `oci-archive:${ours}/a.tar:1`);
    await run('skopeo', 'copy', '-q', '--all', `oci:${theirs}/oci:1`, `oci-archive:${theirs}/a.tar:1`);
    for (const [n, place] of [
      `oci:${theirs}/oci:1`,
      `${ours}/oci`,
      `oci-archive:${theirs}/a.tar:1`,
      `${ours}/a.tar`,
    ].entries()) {
      const name = `${target.address}/files/${image.name}:${n}`;
      await sandbox.wherry('copy', '-q', place, name);
      expect(await raw(name)).toBe(await raw(from));
    }
    await run(
      'skopeo',
      'copy',
      '-q',
      '--all',
      `oci-archive:${ours}/a.tar:1`,
      `dir:${sandbox.directory('dir')}`,
    );
  });

  test('Docker archives go both ways', async () => {
    const from = `${source.address}/${images[0]!.name}:1`;
    const { id } = await describeImage(images[0]!);
    const ours = sandbox.file('ours.tar');
    const theirs = sandbox.file('theirs.tar');
    await sandbox.wherry('copy', '-q', from, `docker-archive:${ours}:app:1`);
    const inspected = JSON.parse(
      await run('skopeo', 'inspect', '--raw', '--config', `docker-archive:${ours}:app:1`),
    );
    expect(inspected.rootfs.type).toBe('layers');
    await run(
      'skopeo',
      'copy',
      '-q',
      '--src-tls-verify=false',
      `docker://${from}`,
      `docker-archive:${theirs}:app:1`,
    );
    const name = `${target.address}/from-docker:1`;
    await sandbox.wherry('copy', '-q', `docker-archive:${theirs}:app:1`, name);
    expect(JSON.parse(await sandbox.wherry('inspect', '--remote', name))[0].Id).toBe(id);
  });

  test('goes on after the connection to the source broke, and after a kill', async () => {
    const image = images.find(({ name }) => name === 'debian') ?? images[0]!;
    await using proxy = await BlobProxy.start(source.address);
    const { layers, target: digest } = await describeImage(image);
    const layer = layers.toSorted((a, b) => b.size - a.size)[0]!;
    const [from, to] = [`${proxy.address}/${image.name}:1`, `${target.address}/broken/${image.name}:1`];
    void proxy.interrupt(layer.digest, { after: Math.floor(layer.size / 2), kind: 'reset' });
    const broken = await sandbox.try('copy', from, to);
    expect(broken).toMatchObject({ status: 1 });
    await expect(raw(to)).rejects.toThrow('manifest unknown');
    const held = proxy.interrupt(layer.digest, { after: Math.floor(layer.size / 2), kind: 'hold' });
    proxy.forgetCounts();
    const killed = sandbox.start('copy', from, to);
    await held;
    await killed.kill();
    await expect(raw(to)).rejects.toThrow('manifest unknown');
    proxy.relent();
    await sandbox.wherry('copy', '-q', from, to);
    expect(await remoteDigest(to)).toBe(digest);
  });

  test('does not publish an image whose layer is not what its digest says', async () => {
    await seedRegistry(hello, `${source.address}/bad:1`);
    const { layers } = await describeImage(hello);
    const hex = layers[0]!.digest.slice('sha256:'.length);
    const [path] = globSync(`${data}/data/docker/registry/v2/blobs/sha256/*/${hex}/data`);
    const right = await readFile(path!);
    await writeFile(path!, Buffer.alloc((await stat(path!)).size, 'x'));
    const outcome = await sandbox.try('copy', `${source.address}/bad:1`, `${target.address}/hostile:1`);
    await writeFile(path!, right);
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toMatch(/digest/);
    await expect(raw(`${target.address}/hostile:1`)).rejects.toThrow(/unknown/);
  });

  test('brings signatures to a registry without the API of referrers', async () => {
    const { target: digest } = await describeImage(hello);
    const [from, to] = [`${source.address}/hello`, `${target.address}/signed`];
    const tag = digest.replace(':', '-');
    const signature = images[0]!;
    await seedRegistry(signature, `${from}:${tag}.sig`);
    const layout = sandbox.directory('layout');
    await sandbox.wherry('copy', '-q', `${from}:1`, `oci:${layout}:1`, '--referrers');
    await sandbox.wherry('copy', '-q', '--referrers', `${from}:1`, `${to}:1`);
    expect(await remoteDigest(`${to}:${tag}.sig`)).toBe((await describeImage(signature)).target);
    await sandbox.wherry('copy', '-q', '--referrers', `oci:${layout}:1`, `${to}:2`);
    expect(await remoteDigest(`${to}:2`)).toBe(digest);
  });

  test('reaches the registry of wherry', async () => {
    const service = await startService(sandbox, sandbox.directory('served'));
    try {
      await sandbox.wherry('copy', '-q', `${source.address}/hello:1`, `${service.address}/hello:1`);
      expect(await raw(`${service.address}/hello:1`)).toBe(await raw(`${source.address}/hello:1`));
    } finally {
      await service.stop();
    }
  });

  test('tags, inspects and deletes where the image is', async () => {
    const name = `${target.address}/verbs/hello`;
    await sandbox.wherry('copy', '-q', `${source.address}/hello:1`, `${name}:1`);
    const digest = await remoteDigest(`${name}:1`);
    expect(await sandbox.wherry('tag', '--remote', `${name}:1`, `${name}:stable`)).toBe(
      `${name}:stable@${digest}\n`,
    );
    await sandbox.wherry('tag', '--remote', `${name}:1`, `${target.address}/verbs/other:1`);
    expect(await raw(`${target.address}/verbs/other:1`)).toBe(await raw(`${name}:1`));

    const inspect = ['inspect', '--remote', '--platform', 'linux/s390x', '-f', '{{.Os}}/{{.Architecture}}'];
    expect(await sandbox.wherry(...inspect, `${name}:stable`)).toBe('linux/s390x\n');

    const refused = await sandbox.try('rmi', '--remote', `${name}:1`);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(/must be forced.* other tags: stable\n$/);
    expect(await remoteDigest(`${name}:1`)).toBe(digest);
    expect(await sandbox.wherry('rmi', '--remote', '-f', `${name}:1`)).toBe(
      `Untagged: ${name}:1\nUntagged: ${name}:stable\nDeleted: ${digest}\n`,
    );
    await expect(raw(`${name}:stable`)).rejects.toThrow('manifest unknown');

    await sandbox.wherry('copy', '-q', `${source.address}/hello:1`, `${closed.address}/hello:1`);
    const disabled = await sandbox.try('rmi', '--remote', `${closed.address}/hello:1`);
    expect(disabled).toMatchObject({
      status: 1,
      stderr: `Error: unable to delete ${closed.address}/hello:1: ${closed.address} does not allow deletion\n`,
    });
  });

  test('left the store alone', () => {
    expect(existsSync(join(sandbox.root, 'metadata.db'))).toBe(false);
  });
});
