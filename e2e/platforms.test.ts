import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerd, startDockerRegistry } from '../bench/peers.ts';
import { multiPlatformImage, seedRegistry } from './images.ts';
import { describeWith } from './needs.ts';
import { run, runWith, Sandbox } from './wherry.ts';

const PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/arm/v7', 'linux/s390x'];

const sandbox = new Sandbox();
const image = await multiPlatformImage(sandbox.directory('hello'));

afterAll(() => sandbox[Symbol.dispose]());

/** The manifest of each platform, as the registry has them. */
async function manifestsOf(name: string): Promise<Map<string, string>> {
  const raw = await run('skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${name}`);
  const { manifests } = JSON.parse(raw) as {
    manifests: { digest: string; platform: { os: string; architecture: string; variant?: string } }[];
  };
  return new Map(
    manifests.map(({ digest, platform: { os, architecture, variant } }) => [
      [os, architecture, ...(variant && architecture !== 'arm64' ? [variant] : [])].join('/'),
      digest,
    ]),
  );
}

describeWith(
  { programs: ['docker-registry', 'skopeo', 'docker', 'dockerd'], root: true, linux: true },
  'images for several platforms',
  () => {
    let server: Peer;
    let docker: Peer;
    let name: string;
    let root: string;
    const wherry = (...args: string[]) => sandbox.at(root, ...args);

    beforeAll(async () => {
      server = await startDockerRegistry(sandbox.directory('registry'));
      docker = await startDockerd(sandbox.directory('docker'));
      name = `${server.address}/team/hello:1`;
      await seedRegistry(image, name);
      root = sandbox.directory('root');
      await wherry('pull', '--all-platforms', '-q', name);
    });
    afterAll(async () => {
      await server?.stop();
      await docker?.stop();
    });

    test('are inspected one by one', async () => {
      for (const platform of PLATFORMS) {
        const format = '{{.Os}}/{{.Architecture}}';
        const found = await wherry('image', 'inspect', '--platform', platform, '-f', format, name);
        expect(`${platform}\n`.startsWith(found.trim())).toBe(true);
        expect(await wherry('history', '-q', '--no-trunc', '--platform', platform, name)).toMatch(/^sha256:/);
      }
      expect(await sandbox.try('--root', root, 'history', '--platform', 'linux/ppc64le', name)).toMatchObject(
        {
          status: 1,
          stderr: expect.stringContaining(
            `Error: image with reference ${name} was found but does not provide the specified platform (linux/ppc64le)\n`,
          ),
        },
      );
    });

    test('are saved, and Docker loads what was meant', async () => {
      const load = async (archive: string) => {
        await runWith({ env: sandbox.environment }, 'docker', '-H', docker.address, 'load', '-i', archive);
        const argv = ['-H', docker.address, 'inspect', '-f', '{{.Architecture}}', name];
        return (await runWith({ env: sandbox.environment }, 'docker', ...argv)).trim();
      };
      const one = sandbox.file('one.tar');
      await wherry('save', '--platform', 'linux/arm64', '-o', one, name);
      expect(await load(one)).toBe('arm64');
      const several = sandbox.file('several.tar');
      await wherry('save', '--platform', 'linux/s390x,linux/amd64', '-o', several, name);
      expect(await load(several)).toBe('amd64');
      for (const architecture of ['amd64', 's390x']) {
        const argv = ['--override-os=linux', `--override-arch=${architecture}`, 'inspect', '--config'];
        const config = JSON.parse(await run('skopeo', ...argv, `oci-archive:${several}`));
        expect(config.architecture).toBe(architecture);
      }
      const other = sandbox.directory('root');
      await sandbox.at(other, 'load', '--platform', 'linux/s390x', '-i', several);
      expect(await sandbox.at(other, 'inspect', '-f', '{{.Architecture}}', name)).toBe('s390x\n');
      expect(await sandbox.at(other, 'system', 'check')).toContain('no faults');
    });

    test('are pushed one by one', async () => {
      const manifests = await manifestsOf(name);
      const copied = `${server.address}/team/copied:1`;
      await wherry('tag', name, copied);
      for (const platform of PLATFORMS) {
        expect(await wherry('push', '--platform', platform, copied)).toContain(
          `1: digest: ${manifests.get(platform)}`,
        );
        const argv = ['inspect', '--raw', '--tls-verify=false', `docker://${copied}`];
        expect(JSON.parse(await run('skopeo', ...argv))).toHaveProperty('config');
      }
      await wherry('rmi', '-f', copied);
    });

    test('are removed one by one, and come back', async () => {
      await wherry('rmi', '--platform', 'linux/amd64,linux/arm64', name);
      expect(await wherry('inspect', '-f', '{{.Architecture}}', name)).toMatch(/^(arm|s390x)\n$/);
      const tree = await wherry('images', '--tree');
      expect(tree).toMatch(/─ linux\/amd64 +0B +0B$/m);
      expect(tree).toMatch(/─ linux\/s390x +[0-9a-f]{12} +[\d.]+kB +[\d.]+kB$/m);
      expect(await wherry('system', 'check')).toContain('no faults');
      await wherry('pull', '--all-platforms', '-q', name);
      expect(await wherry('images', '--tree')).not.toContain(' 0B');
      await wherry('rmi', '--platform', PLATFORMS.join(','), name);
      expect(await wherry('images', '-aq')).toBe('');
      expect(await wherry('system', 'check')).toMatch(/^Checked 0 blobs .*: no faults\n$/);
    });
  },
);
