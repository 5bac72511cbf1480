import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerRegistry } from '../bench/peers.ts';
import { BlobProxy } from './blob-proxy.ts';
import { describeImage, seedRegistry, sourceImage } from './images.ts';
import { writeImage } from './layout.ts';
import { describeWith } from './needs.ts';
import { noisyLayer } from './noise.ts';
import { Sandbox } from './wherry.ts';

describeWith(
  { programs: ['docker-registry', 'skopeo'] },
  'processes that pull the same image at once',
  () => {
    const sandbox = new Sandbox();
    let registry: Peer;
    let proxy: BlobProxy;

    beforeAll(async () => {
      registry = await startDockerRegistry(sandbox.directory('registry'));
      proxy = await BlobProxy.start(registry.address);
      // Slow enough that every process comes while the first is at work.
      proxy.bytesPerSecond = 2 << 20;
    });

    afterAll(async () => {
      await proxy?.[Symbol.asyncDispose]();
      await registry?.stop();
      sandbox[Symbol.dispose]();
    });

    test.each([{ count: 2 }, { count: 4 }])('$count of them fetch each blob once', async ({ count }) => {
      const layout = sandbox.directory('layout');
      const layers = [1, 2, 3, 4].map((seed) => noisyLayer(seed + 10 * count, 4 << 20));
      const platform = { os: 'linux', architecture: 'amd64' };
      await writeImage(layout, { platform, layers });
      const image = sourceImage('shared', layout);
      const found = await describeImage(image);
      await seedRegistry(image, `${registry.address}/shared/image:${count}`);
      const root = sandbox.directory('root');
      const name = `${proxy.address}/shared/image:${count}`;

      const results = await Promise.all(
        Array.from({ length: count }, () => sandbox.try('--root', root, 'pull', name)),
      );
      for (const { status, stderr } of results) expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      for (const { digest, size } of found.layers) expect(proxy.sent(digest)).toBe(size);
      expect(await sandbox.at(root, 'images', '-q', '--no-trunc')).toBe(`${found.id}\n`);
      expect(await sandbox.at(root, 'system', 'check')).toContain('no faults');
    });
  },
);
