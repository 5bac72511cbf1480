import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerd, startDockerRegistry } from '../bench/peers.ts';
import {
  describeImage,
  multiPlatformImage,
  officialImages,
  remoteDigest,
  type SourceImage,
  seedRegistry,
  workloadImages,
} from './images.ts';
import { digestOf } from './layout.ts';
import { describeWith } from './needs.ts';
import { run, runWith, Sandbox, startService } from './wherry.ts';

/** A program that pulls and pushes, with a store of its own. */
interface Client {
  readonly name: string;
  pull(reference: string): Promise<void>;
  tag(source: string, target: string): Promise<void>;
  push(reference: string): Promise<void>;
  /** Digest of the config of what it has under the name. */
  id(reference: string): Promise<string>;
  /** What it says the registry has under the name; absent: it keeps no such record. */
  digest?(reference: string): Promise<string>;
}

const sandbox = new Sandbox({ inMemory: true });
const LARGE_TIMEOUT_MS = 600_000;
/** They unpack what they pull and pack what they push: of a gigabyte that takes minutes, and shows nothing new. */
const SLOW_WITH_LAYERS = ['docker', 'podman'];
const small: SourceImage[] = [
  ...workloadImages().filter(({ name }) => name === 'small'),
  ...(await officialImages(sandbox.directory('official'))).filter(({ name }) => name.endsWith('amd64')),
  await multiPlatformImage(sandbox.directory('hello')),
];

afterAll(() => sandbox[Symbol.dispose]());

function wherryClient(): Client {
  const root = sandbox.directory('root');
  const wherry = (...args: string[]) => sandbox.at(root, ...args);
  return {
    name: 'wherry',
    pull: async (reference) => void (await wherry('pull', reference)),
    tag: async (source, target) => void (await wherry('tag', source, target)),
    push: async (reference) => void (await wherry('push', reference)),
    id: async (reference) => JSON.parse(await wherry('inspect', reference))[0].Id,
    digest: async (reference) => {
      const [repository, tag] = splitTag(reference);
      const row = new RegExp(`^${repository} +${tag} +(sha256:[0-9a-f]{64}) `, 'm');
      return row.exec(await wherry('images', '--digests'))?.[1] ?? 'none';
    },
  };
}

/** Its store is a directory for each name: the one form that it never converts an image for. */
function skopeoClient(): Client {
  const place = sandbox.directory('skopeo');
  const at = (reference: string) => `dir:${place}/${reference.replace(/[:/]/g, '_')}`;
  return {
    name: 'skopeo',
    pull: (reference) => skopeoCopy('--src-tls-verify=false', `docker://${reference}`, at(reference)),
    tag: (source, target) => skopeoCopy(at(source), at(target)),
    push: (reference) => skopeoCopy('--dest-tls-verify=false', at(reference), `docker://${reference}`),
    id: async (reference) => {
      const platform = ['--override-os=linux', '--override-arch=amd64'];
      const manifest = JSON.parse(await run('skopeo', ...platform, 'inspect', '--raw', at(reference)));
      if (manifest.config) return manifest.config.digest;
      const config = await run('skopeo', ...platform, 'inspect', '--config', '--raw', at(reference));
      return digestOf(config);
    },
  };
}

async function skopeoCopy(...args: string[]): Promise<void> {
  await run('skopeo', 'copy', '-q', '--all', ...args);
}

function podmanClient(): Client {
  const place = sandbox.directory('podman');
  const { DOCKER_CONFIG: _, ...env } = sandbox.environment;
  const podman = (...args: string[]) =>
    runWith(
      { env },
      'podman',
      ...['--storage-driver=overlay', '--storage-opt=overlay.skip_mount_home=true'],
      ...[`--root=${place}/root`, `--runroot=${place}/run`, ...args],
    );
  return {
    name: 'podman',
    pull: async (reference) => void (await podman('pull', '-q', '--tls-verify=false', reference)),
    tag: async (source, target) => void (await podman('tag', source, target)),
    push: async (reference) => void (await podman('push', '-q', '--tls-verify=false', reference)),
    id: async (reference) => `sha256:${JSON.parse(await podman('inspect', reference))[0].Id}`,
  };
}

function dockerClient(host: string): Client {
  const docker = (...args: string[]) => runWith({ env: sandbox.environment }, 'docker', '-H', host, ...args);
  return {
    name: 'docker',
    pull: async (reference) => void (await docker('pull', '-q', reference)),
    tag: async (source, target) => void (await docker('tag', source, target)),
    push: async (reference) => void (await docker('push', '-q', reference)),
    id: async (reference) => JSON.parse(await docker('inspect', reference))[0].Id,
    digest: async (reference) => {
      const digests: string[] = JSON.parse(await docker('inspect', reference))[0].RepoDigests;
      const prefix = `${splitTag(reference)[0]}@`;
      return digests.find((name) => name.startsWith(prefix))?.slice(prefix.length) ?? 'none';
    },
  };
}

function splitTag(reference: string): [repository: string, tag: string] {
  const colon = reference.lastIndexOf(':');
  return [reference.slice(0, colon), reference.slice(colon + 1)];
}

/** Each large image goes through one of them: minutes, and the clients' code is the same at the other. */
const registries = [
  {
    registry: 'docker-registry',
    start: () => startDockerRegistry(sandbox.directory('registry')),
    large: ['stack'],
  },
  {
    registry: 'wherry serve',
    start: () => startService(sandbox, sandbox.directory('served')),
    large: ['debian', 'big'],
  },
];

describeWith(
  { programs: ['docker-registry', 'skopeo', 'podman', 'docker', 'dockerd'], root: true, linux: true },
  'clients and registries crosswise',
  () => {
    let docker: Peer;
    let clients: Client[];

    beforeAll(async () => {
      docker = await startDockerd(sandbox.directory('docker'));
      clients = [wherryClient(), skopeoClient(), podmanClient(), dockerClient(docker.address)];
    });
    afterAll(() => docker?.stop());

    for (const { registry, start, large } of registries)
      describeWith({}, registry, () => {
        let server: { address: string; stop(): Promise<void> };
        beforeAll(async () => {
          server = await start();
        });
        afterAll(() => server?.stop());

        test.each(small)('every client pulls what every client pushed: $name', async (image) => {
          const { id, target } = await describeImage(image);
          const source = `${server.address}/seed/${image.name}:1`;
          await seedRegistry(image, source);
          expect(await remoteDigest(source)).toBe(target);
          for (const pusher of clients) {
            const pushed = `${server.address}/${pusher.name}/${image.name}:1`;
            await pusher.pull(source);
            await pusher.tag(source, pushed);
            await pusher.push(pushed);
            const digest = await remoteDigest(pushed);
            for (const puller of clients) {
              await puller.pull(pushed);
              const where = `${puller.name} of what ${pusher.name} pushed`;
              expect(`${where}: ${await puller.id(pushed)}`).toBe(`${where}: ${id}`);
              if (puller.digest)
                expect(`${where}: ${await puller.digest(pushed)}`).toBe(`${where}: ${digest}`);
            }
          }
        });

        test.each(workloadImages().filter(({ name }) => large.includes(name)))(
          'wherry pulls what every client pushed, and the reverse: $name',
          async (image) => {
            const { id, target } = await describeImage(image);
            const source = `${server.address}/seed/${image.name}:1`;
            const pushedBy = (client: Client) => `${server.address}/${client.name}/${image.name}:1`;
            await seedRegistry(image, source);
            const quick = clients.filter(({ name }) => !SLOW_WITH_LAYERS.includes(name));
            const used = image.name === 'big' ? quick : clients;
            for (const pusher of used) {
              const pushed = pushedBy(pusher);
              await pusher.pull(source);
              await pusher.tag(source, pushed);
              await pusher.push(pushed);
              const digest = await remoteDigest(pushed);
              if (['wherry', 'skopeo'].includes(pusher.name)) expect(digest).toBe(target);
              const puller = wherryClient();
              await puller.pull(pushed);
              expect(`${pusher.name}: ${await puller.id(pushed)}`).toBe(`${pusher.name}: ${id}`);
              expect(await puller.digest?.(pushed)).toBe(digest);
            }
            const pushed = pushedBy(clients[0]!);
            for (const puller of used) {
              await puller.pull(pushed);
              expect(`${puller.name}: ${await puller.id(pushed)}`).toBe(`${puller.name}: ${id}`);
            }
          },
          LARGE_TIMEOUT_MS,
        );

        test('wherry keeps the digest of an image index that it loaded', async () => {
          const image = small.find(({ name }) => name === 'hello')!;
          const { target } = await describeImage(image);
          const root = sandbox.directory('root');
          const name = `${server.address}/loaded/hello:1`;
          const named = sandbox.directory('named');
          await cp(image.layout, named, { recursive: true });
          const index = await readFile(join(named, 'index.json'), 'utf8');
          await writeFile(join(named, 'index.json'), index.replace('"latest"', '"hello-world:1"'));
          expect(await sandbox.at(root, 'load', '-i', named)).toContain('Loaded image: hello-world:1');
          await sandbox.at(root, 'tag', 'hello-world:1', name);
          await sandbox.at(root, 'push', name);
          expect(await remoteDigest(name)).toBe(target);
        });

        test('wherry pulls one platform or all of them', async () => {
          const image = small.find(({ name }) => name === 'hello')!;
          const { target } = await describeImage(image);
          const name = `${server.address}/platforms/hello:1`;
          await seedRegistry(image, name);
          for (const [platform, architecture, variant] of [
            ['linux/arm64', 'arm64', 'v8'],
            ['linux/arm/v7', 'arm', 'v7'],
            ['linux/s390x', 's390x', undefined],
          ] as const) {
            const root = sandbox.directory('root');
            await sandbox.at(root, 'pull', '--platform', platform, name);
            const [found] = JSON.parse(await sandbox.at(root, 'inspect', name));
            expect(found).toMatchObject({ Os: 'linux', Architecture: architecture });
            if (variant) expect(found.Variant).toBe(variant);
          }
          const root = sandbox.directory('root');
          await sandbox.at(root, 'pull', '--all-platforms', name);
          const copied = `${server.address}/platforms/copied:1`;
          await sandbox.at(root, 'tag', name, copied);
          await sandbox.at(root, 'push', copied);
          expect(await remoteDigest(copied)).toBe(target);
          expect(await sandbox.at(root, 'system', 'check')).toContain('no faults');
        });
      });
  },
);
