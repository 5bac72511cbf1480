import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerRegistry } from '../bench/peers.ts';
import { BlobProxy } from './blob-proxy.ts';
import { describeImage, seedRegistry, workloadImage } from './images.ts';
import { describeWith } from './needs.ts';
import { Sandbox } from './wherry.ts';

/** What is on its way when a connection breaks, and is lost. */
const SLACK_BYTES = 1 << 20;

describeWith({ programs: ['docker-registry', 'skopeo'], images: ['debian'] }, 'an interrupted pull', () => {
  const sandbox = new Sandbox({ inMemory: true });
  let registry: Peer;
  let proxy: BlobProxy;
  let id: string;
  let layer: { digest: string; size: number };
  let name: string;

  beforeAll(async () => {
    registry = await startDockerRegistry(sandbox.directory('registry'));
    proxy = await BlobProxy.start(registry.address);
    const image = workloadImage('debian');
    const found = await describeImage(image);
    id = found.id;
    layer = found.layers.toSorted((a, b) => b.size - a.size)[0]!;
    await seedRegistry(image, `${registry.address}/resume/debian:1`);
    name = `${proxy.address}/resume/debian:1`;
  });

  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await registry?.stop();
    sandbox[Symbol.dispose]();
  });

  async function expectWhole(root: string): Promise<void> {
    expect(await sandbox.at(root, 'images', '-q', '--no-trunc')).toBe(`${id}\n`);
    expect(await sandbox.at(root, 'system', 'check')).toContain('no faults');
  }

  const points = [
    { share: 0.1, name: '10 %' },
    { share: 0.5, name: '50 %' },
    { share: 0.99, name: '99 %' },
  ];

  test.each(points)('goes on after the connection broke for good at $name', async ({ share }) => {
    const root = sandbox.directory('root');
    const after = Math.floor(layer.size * share);
    proxy.forgetCounts();
    proxy.interrupt(layer.digest, { after, kind: 'reset' });
    const broken = await sandbox.try('--root', root, 'pull', name);
    expect(broken.status).toBe(1);
    expect(broken.stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
    proxy.relent();

    const output = await sandbox.at(root, 'pull', name);
    expect(output).toMatch(/: Resuming at \d/);
    expect(output).toContain('Pull complete');
    expect(proxy.sent(layer.digest)).toBeLessThanOrEqual(layer.size + SLACK_BYTES);
    await expectWhole(root);
  });

  test.each(points)('goes on after the process was killed at $name', async ({ share }) => {
    const root = sandbox.directory('root');
    const after = Math.floor(layer.size * share);
    proxy.forgetCounts();
    const reached = proxy.interrupt(layer.digest, { after, kind: 'hold' });
    const pulling = sandbox.start('--root', root, 'pull', name);
    await reached;
    expect((await pulling.kill()).signal).toBe('SIGKILL');
    proxy.relent();

    const output = await sandbox.at(root, 'pull', name);
    expect(output).toMatch(/: Resuming at \d/);
    expect(proxy.sent(layer.digest)).toBeLessThanOrEqual(layer.size + SLACK_BYTES);
    await expectWhole(root);
  });

  test('goes on within one process when the connection breaks once', async () => {
    const root = sandbox.directory('root');
    proxy.forgetCounts();
    const broken = proxy.interrupt(layer.digest, { after: Math.floor(layer.size / 2), kind: 'reset' });
    broken.then(() => proxy.relent());
    await sandbox.at(root, 'pull', name);
    expect(proxy.sent(layer.digest)).toBeLessThanOrEqual(layer.size + SLACK_BYTES);
    await expectWhole(root);
  });

  test('notices that the kept part went bad, and fetches it anew', async () => {
    const root = sandbox.directory('root');
    proxy.forgetCounts();
    const reached = proxy.interrupt(layer.digest, { after: Math.floor(layer.size / 2), kind: 'hold' });
    const pulling = sandbox.start('--root', root, 'pull', name);
    await reached;
    await pulling.kill();
    proxy.relent();
    const ingests = await readdir(join(root, 'ingests'));
    const data = join(root, 'ingests', ingests[0]!, 'data');
    const kept = await readFile(data);
    kept[kept.length >> 1]! ^= 0x40;
    await writeFile(data, kept);

    await sandbox.at(root, 'pull', name);
    await expectWhole(root);
    expect(proxy.sent(layer.digest)).toBeGreaterThan(layer.size);
    expect(proxy.sent(layer.digest)).toBeLessThanOrEqual(2.5 * layer.size);
  });

  test('keeps what it has when it is interrupted by Ctrl-C', async () => {
    const root = sandbox.directory('root');
    proxy.forgetCounts();
    const reached = proxy.interrupt(layer.digest, { after: Math.floor(layer.size / 2), kind: 'hold' });
    const pulling = sandbox.start('--root', root, 'pull', name);
    await reached;
    const { status, stderr } = await pulling.kill('SIGINT');
    expect(status).toBe(130);
    expect(stderr).not.toMatch(/^\s+at /m);
    proxy.relent();
    expect(await sandbox.at(root, 'pull', name)).toMatch(/: Resuming at \d/);
    expect(proxy.sent(layer.digest)).toBeLessThanOrEqual(layer.size + SLACK_BYTES);
    await expectWhole(root);
  });
});
