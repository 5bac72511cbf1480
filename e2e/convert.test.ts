import { mkdir, readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerRegistry } from '../bench/peers.ts';
import { officialImages, type SourceImage, workloadImages } from './images.ts';
import { describeWith } from './needs.ts';
import { run, runWith, Sandbox } from './wherry.ts';

/** Limits that a container may set itself, too. */
const LIMITS = ['--ulimit=nofile=1024:1024', '--ulimit=nproc=1000:1000'];
const RUN = ['--cgroup-manager=cgroupfs', 'run', '--rm', '--network=none', ...LIMITS];

const sandbox = new Sandbox({ inMemory: true });
const images: SourceImage[] = [
  ...workloadImages().filter(({ name }) => name === 'small'),
  ...(await officialImages(sandbox.directory('official'))).filter(({ name }) => name.endsWith('amd64')),
];

afterAll(() => sandbox[Symbol.dispose]());

/** A store that has the image as `name`:1, and its ID. */
async function loaded({ name, oci }: SourceImage): Promise<{ root: string; id: string }> {
  const root = sandbox.directory('root');
  const archive = sandbox.file('image.tar');
  await run('skopeo', 'copy', '-q', oci, `oci-archive:${archive}:${name}:1`);
  await sandbox.at(root, 'load', '-q', '-i', archive);
  return { root, id: JSON.parse(await sandbox.at(root, 'inspect', `${name}:1`))[0].Id };
}

function podman(place: string, ...args: string[]): Promise<string> {
  const { DOCKER_CONFIG: _, ...env } = sandbox.environment;
  const store = ['--storage-driver=vfs', `--root=${place}/root`, `--runroot=${place}/run`];
  return runWith({ env }, 'podman', ...store, ...args);
}

describeWith(
  { programs: ['docker-registry', 'skopeo', 'podman', 'runc'], root: true, linux: true },
  'wherry convert',
  () => {
    let registry: Peer;
    beforeAll(async () => {
      registry = await startDockerRegistry(sandbox.directory('registry'));
    });
    afterAll(() => registry?.stop());

    const forms = ['zstd', 'gzip', 'none'].flatMap((compression) =>
      images.map((image) => ({ ...image, compression, image })),
    );
    test.each(forms)('sends $name with $compression to a registry, where others take it', async (form) => {
      const { name, compression, image } = form;
      const { root, id } = await loaded(image);
      const remote = `${registry.address}/${name}:${compression}`;
      const level = compression === 'gzip' ? ['--level', '4'] : [];
      const how = ['--compression', compression, ...level];
      const said = await sandbox.at(root, 'convert', ...how, '-t', remote, `${name}:1`);
      const digest = /^Digest: (.*)$/m.exec(said)?.[1];
      expect(await sandbox.at(root, 'push', remote)).toContain(`digest: ${digest}`);

      const raw = JSON.parse(
        await run('skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${remote}`),
      );
      const suffix = compression === 'none' ? 'tar' : `tar+${compression}`;
      for (const { mediaType } of raw.layers)
        expect(mediaType).toBe(`application/vnd.oci.image.layer.v1.${suffix}`);
      expect(raw.config.digest).toBe(id);
      // The one form that skopeo never packs anew.
      const copied = sandbox.directory('copied');
      await run('skopeo', 'copy', '-q', '--src-tls-verify=false', `docker://${remote}`, `dir:${copied}`);
      const blobs = await readdir(copied);
      for (const { digest: blob } of raw.layers) expect(blobs).toContain(blob.slice('sha256:'.length));

      const place = sandbox.directory('podman');
      await podman(place, 'pull', '-q', '--tls-verify=false', remote);
      expect(`sha256:${JSON.parse(await podman(place, 'inspect', remote))[0].Id}`).toBe(id);
      if (name.startsWith('busybox'))
        expect(await podman(place, ...RUN, remote, 'echo', 'it runs')).toBe('it runs\n');

      const other = sandbox.directory('root');
      await sandbox.at(other, 'pull', '-q', remote);
      expect(JSON.parse(await sandbox.at(other, 'inspect', remote))[0].Id).toBe(id);
      for (const store of [root, other])
        expect(await sandbox.at(store, 'system', 'check')).toContain('no faults');
    });

    test('leaves a store that other tools read as the layout it is', async () => {
      const [image] = images;
      const { root } = await loaded(image!);
      await sandbox.at(root, 'convert', '--compression', 'zstd', `${image!.name}:1`);
      const layout = sandbox.directory('copied');
      await mkdir(layout, { recursive: true });
      await run('skopeo', 'copy', '-q', `oci:${root}:${image!.name}:1`, `oci:${layout}:it`);
      expect(await sandbox.at(root, 'system', 'df')).toMatch(/Orphans +0 /);
    });
  },
);

describeWith({ programs: ['skopeo'], linux: true }, 'wherry save --since', () => {
  test('moves an update to a store that has the base', async () => {
    const [image] = images;
    const { root, id } = await loaded(image!);
    const name = `${image!.name}:1`;
    const whole = sandbox.file('whole.tar');
    await sandbox.at(root, 'save', '-o', whole, name);
    const update = sandbox.file('update.tar');
    await sandbox.at(root, 'tag', name, 'update:1');
    await sandbox.at(root, 'save', '--since', whole, '-o', update, 'update:1');

    const other = sandbox.directory('root');
    const refused = await sandbox.try('--root', other, 'load', '-i', update);
    expect(refused).toMatchObject({ status: 1 });
    expect(refused.stderr).toMatch(
      /^layers? sha256:[0-9a-f]{64}.* neither here nor in the archive: load the archive it was made since first$/m,
    );
    await sandbox.at(other, 'load', '-q', '-i', whole);
    expect(await sandbox.at(other, 'load', '-i', update)).toBe('Loaded image: update:1\n');
    expect(JSON.parse(await sandbox.at(other, 'inspect', 'update:1'))[0].Id).toBe(id);
    expect(await sandbox.at(other, 'system', 'check')).toContain('no faults');
  });
});
