import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerd } from '../bench/peers.ts';
import {
  describeImage,
  multiPlatformImage,
  officialImages,
  SHARED,
  type SourceImage,
  sourceImage,
  workloadImages,
} from './images.ts';
import { tarOf, writeImage } from './layout.ts';
import { describeWith } from './needs.ts';
import { run, runWith, Sandbox } from './wherry.ts';

const sandbox = new Sandbox({ inMemory: true });
/** Not the one of a gigabyte: its archives are what e2e/memory.test.ts saves and loads. */
const images: SourceImage[] = workloadImages().filter(({ name }) => name !== 'big');
images.push(...(await officialImages(sandbox.directory('official'))));
images.push(await multiPlatformImage(sandbox.directory('hello')));

afterAll(() => sandbox[Symbol.dispose]());

/** A docker-archive of the image under `name`, made by skopeo. */
async function skopeoArchive(image: SourceImage, name: string): Promise<string> {
  const path = sandbox.file('skopeo.tar');
  await run('skopeo', 'copy', '-q', image.oci, `docker-archive:${path}:${name}`);
  return path;
}

describeWith(
  { programs: ['docker', 'dockerd', 'skopeo'], root: true, linux: true },
  'archives between wherry and Docker',
  () => {
    let docker: Peer;
    const dockerDo = (...args: string[]) => run('docker', '-H', docker.address, ...args);

    beforeAll(async () => {
      docker = await startDockerd(sandbox.directory('docker'));
    });
    afterAll(() => docker?.stop());

    test.each(images)('docker load reads what wherry save wrote, and the reverse: $name', async (image) => {
      const { id } = await describeImage(image);
      const name = `archives/${image.name}:1`;
      const root = sandbox.directory('root');
      await sandbox.at(root, 'load', '-q', '-i', image.dockerArchive ?? (await skopeoArchive(image, name)));
      await sandbox.at(root, 'tag', id, name);
      const saved = sandbox.file('saved.tar');
      await sandbox.at(root, 'save', '-o', saved, name);
      expect(await dockerDo('load', '-i', saved)).toContain(`Loaded image: ${name}`);
      expect(await dockerDo('images', '-q', '--no-trunc', name)).toBe(`${id}\n`);

      const dockerSaved = sandbox.file('docker.tar');
      await dockerDo('save', '-o', dockerSaved, name);
      const other = sandbox.directory('root');
      expect(await sandbox.at(other, 'load', '-i', dockerSaved)).toContain(`Loaded image: ${name}`);
      expect(await sandbox.at(other, 'images', '-q', '--no-trunc')).toBe(`${id}\n`);
      expect(await sandbox.at(other, 'system', 'check')).toContain('no faults');
      await dockerDo('rmi', '-f', id);
    });

    test('docker load reads plain layers, and several images in one archive', async () => {
      const [one, two] = images.filter(({ name }) => !['stack', 'debian'].includes(name));
      const root = sandbox.directory('root');
      const names = ['archives/one:1', 'archives/two:1'];
      for (const [i, image] of [one!, two!].entries()) {
        await sandbox.at(root, 'load', '-q', '-i', await skopeoArchive(image, names[i]!));
      }
      const saved = sandbox.file('saved.tar');
      await sandbox.at(root, 'save', '--uncompressed', '-o', saved, ...names);
      const loaded = await dockerDo('load', '-i', saved);
      for (const name of names) expect(loaded).toContain(`Loaded image: ${name}`);
      for (const [i, image] of [one!, two!].entries())
        expect(await dockerDo('images', '-q', '--no-trunc', names[i]!)).toBe(
          `${(await describeImage(image)).id}\n`,
        );
    });

    test('docker import and wherry import make the same layer of the same tar', async () => {
      const tar = sandbox.file('root.tar');
      await writeFile(tar, tarOf([{ path: 'etc/motd', content: 'hello\n' }]));
      await sandbox.wherry('import', '-c', 'CMD ["/bin/sh"]', tar, 'archives/imported:1');
      await dockerDo('import', '-c', 'CMD ["/bin/sh"]', tar, 'archives/imported:1');
      const layersOf = (text: string) => JSON.parse(text)[0].RootFS;
      expect(layersOf(await sandbox.wherry('inspect', 'archives/imported:1'))).toEqual(
        layersOf(await dockerDo('inspect', 'archives/imported:1')),
      );
    });
  },
);

describeWith({ programs: ['podman', 'skopeo'], linux: true }, 'archives for podman and skopeo', () => {
  const small = images.filter(({ name }) => !['stack', 'debian'].includes(name));

  test.each(small)('podman load and skopeo read what wherry save wrote: $name', async (image) => {
    const { id } = await describeImage(image);
    const name = `localhost/archives/${image.name}:1`;
    const root = sandbox.directory('root');
    await sandbox.at(root, 'load', '-q', '-i', await skopeoArchive(image, name));
    const saved = sandbox.file('saved.tar');
    await sandbox.at(root, 'save', '-o', saved, name);

    const fromDocker = await run('skopeo', 'inspect', '--config', '--raw', `docker-archive:${saved}`);
    const fromOci = await run('skopeo', 'inspect', '--config', '--raw', `oci-archive:${saved}`);
    expect(fromOci).toBe(fromDocker);

    const storage = sandbox.directory('podman');
    const podman = (...args: string[]) =>
      runWith({ env: sandbox.environment }, 'podman', ...podmanStorage(storage), ...args);
    expect(await podman('load', '-i', saved)).toContain(name);
    expect(await podman('images', '-q', '--no-trunc', name)).toBe(`${id}\n`);
    const podmanSaved = sandbox.file('podman.tar');
    await podman('save', '--format', 'oci-archive', '-o', podmanSaved, name);
    await podman('rmi', '-f', id);
    const other = sandbox.directory('root');
    expect(await sandbox.at(other, 'load', '-i', podmanSaved)).toContain('Loaded image');
    expect(await sandbox.at(other, 'images', '-q', '--no-trunc')).toBe(`${id}\n`);
  });
});

function podmanStorage(directory: string): string[] {
  return ['--storage-driver=vfs', `--root=${directory}/root`, `--runroot=${directory}/run`];
}

describeWith({ programs: ['skopeo', 'gzip', 'xz', 'bzip2', 'zstd'] }, 'packed archives', () => {
  const image = sourceImage('packed', sandbox.directory('layout'));
  const packers = [
    { packer: 'gzip', suffix: 'gz' },
    { packer: 'xz', suffix: 'xz' },
    { packer: 'bzip2', suffix: 'bz2' },
    { packer: 'zstd', suffix: 'zst' },
  ];
  let archive: string;

  beforeAll(async () => {
    const layer = tarOf([
      { path: 'etc/motd', content: 'hello\n' },
      { path: 'zeros', content: Buffer.alloc(100_000) },
    ]);
    await writeImage(image.layout, { platform: { os: 'linux', architecture: 'amd64' }, layers: [layer] });
    archive = await skopeoArchive(image, 'archives/packed:1');
  });

  test.each(packers)('wherry load reads an archive packed with $packer', async ({ packer, suffix }) => {
    await run(packer, '-k', '-f', archive);
    const root = sandbox.directory('root');
    const output = await sandbox.at(root, 'load', '-i', `${archive}.${suffix}`);
    expect(output).toContain('Loaded image: archives/packed:1');
    expect(await sandbox.at(root, 'images', '-q', '--no-trunc')).toBe(`${(await describeImage(image)).id}\n`);
  });

  test('wherry load reads an archive from standard input', async () => {
    const root = sandbox.directory('root');
    const input = readFileSync(archive);
    const { status, stdout } = await sandbox.tryWith({ input }, '--root', root, 'load');
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'Loaded image: archives/packed:1\n' });
  });
});

describeWith({ programs: ['skopeo', 'umoci'] }, 'the store and layouts', () => {
  test.each(images)('wherry load reads a layout directory, and the root is one: $name', async (image) => {
    const { id } = await describeImage(image);
    const root = sandbox.directory('root');
    await sandbox.at(root, 'load', '-q', '-i', image.layout);
    await sandbox.at(root, 'tag', id, 'example.com/layouts/image:1');
    expect(await sandbox.at(root, 'system', 'check')).toContain('no faults');
    const { manifests } = JSON.parse(readFileSync(join(root, 'index.json'), 'utf8'));
    const entry = manifests.find(({ annotations }: { annotations: Record<string, string> }) =>
      JSON.stringify(annotations).includes('example.com/layouts/image:1'),
    );
    const refName = entry.annotations['org.opencontainers.image.ref.name'];
    const config = await run(
      'skopeo',
      ...['--override-os=linux', '--override-arch=amd64'],
      ...['inspect', '--config', '--raw', `oci:${root}:${refName}`],
    );
    expect(`sha256:${createHash('sha256').update(config).digest('hex')}`).toBe(id);
    expect(await run('umoci', 'ls', '--layout', root)).toContain(refName);
  });
});

interface ArchiveCase {
  readonly load: {
    readonly ok: boolean;
    readonly images?: readonly { readonly id: string; readonly tags: readonly string[] }[];
    readonly stdout?: readonly string[];
  };
}

const CASES = join(SHARED, 'cases', 'archives');

describeWith({ paths: [join(CASES, 'expected.json')] }, 'archives that other tools wrote', () => {
  const expected: Record<string, ArchiveCase> = JSON.parse(
    readFileSync(join(CASES, 'expected.json'), 'utf8'),
  );
  // The daemon of the recording knew no OCI layouts; a present-day one loads them.
  const isLayout = (name: string) => name.startsWith('oci-') || name.startsWith('test-oci-');
  const cases = readdirSync(CASES)
    .filter((name) => expected[name])
    .map((name) => ({ name, ...expected[name]!.load }));

  test.each(cases.filter(({ ok }) => ok))(
    '$name: loads as Docker loads it',
    async ({ name, images, stdout }) => {
      const root = sandbox.directory('root');
      const output = await sandbox.at(root, 'load', '-i', join(CASES, name));
      for (const line of stdout ?? []) expect(output).toContain(line);
      for (const { id, tags } of images ?? []) {
        const [found] = JSON.parse(await sandbox.at(root, 'inspect', id));
        expect(found.Id).toBe(id);
        expect(found.RepoTags).toEqual(tags);
      }
      expect(await sandbox.at(root, 'system', 'check')).toContain('no faults');
    },
  );

  test.each(cases.filter(({ name, ok }) => !ok && !isLayout(name)))('$name: is refused', async ({ name }) => {
    const root = sandbox.directory('root');
    const { status, stderr } = await sandbox.try('--root', root, 'load', '-i', join(CASES, name));
    expect(status).toBe(1);
    expect(stderr.trim()).not.toBe('');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test.each(cases.filter(({ name, ok }) => !ok && isLayout(name)))(
    '$name: loads as a layout',
    async ({ name }) => {
      const root = sandbox.directory('root');
      expect(await sandbox.at(root, 'load', '-i', join(CASES, name))).toContain('Loaded image');
      expect(await sandbox.at(root, 'system', 'check')).toContain('no faults');
    },
  );
});
