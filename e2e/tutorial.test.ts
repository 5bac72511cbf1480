import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type MemoryRegistry,
  makeImageFixture,
  makeIndexFixture,
  startMemoryRegistry,
} from '@wherry/core/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPrograms } from '../bench/peers.ts';
import { workloadImages } from './images.ts';
import { matches, type PageSetup, preparePage, readPage, readSteps, runSteps } from './page-steps.ts';

/** The tutorial in its languages; the first is the one that the others follow. */
const PAGES = ['tutorial.md', 'tutorial.zh-CN.md'] as const;
const SERVICE = '127.0.0.1:5000';
const PRIVATE = 'registry.example.com';
/** Half a minute, on a machine that has nothing else to do. */
const PAGE_MS = 600_000;

/** Where containers cannot run, the chapters on them are only read. */
const RUNS_CONTAINERS =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  missingPrograms('runc', 'busybox', 'tar').length === 0;
/** The workload's image whose lowest layers are Debian and Python. */
const STACK = RUNS_CONTAINERS ? workloadImages().find(({ name }) => name === 'stack') : undefined;
const RUN_BLOCKS = [
  '```console',
  ...(RUNS_CONTAINERS ? ['```console containers'] : []),
  ...(STACK ? ['```console python'] : []),
];

const PLATFORMS = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64', variant: 'v8' },
];

/** An image for two platforms, of one layer each. */
function publish(registry: MemoryRegistry, repository: string, tag: string, release: string): void {
  const images = PLATFORMS.map((platform) => ({
    platform,
    fixture: makeImageFixture({
      platform,
      layers: [{ 'etc/os-release': `${release}\n`, 'etc/machine': `${platform.architecture}\n` }],
    }),
  }));
  for (const { fixture } of images) {
    const { manifest } = fixture.image;
    for (const bytes of fixture.blobs.values()) registry.addBlob(repository, bytes);
    registry.addManifest(repository, '', manifest.bytes, manifest.descriptor.mediaType);
  }
  const index = makeIndexFixture(images);
  registry.addManifest(repository, tag, index.bytes, index.descriptor.mediaType);
}

/** An image of this machine's busybox, a program without libraries that is all of them. */
function publishBusybox(hub: MemoryRegistry, place: string): void {
  const program = execFileSync('which', ['busybox'], { encoding: 'utf8' }).trim();
  const root = join(place, 'busybox');
  mkdirSync(join(root, 'bin'), { recursive: true });
  copyFileSync(program, join(root, 'bin/busybox'));
  execFileSync(program, ['--install', '-s', join(root, 'bin')]);
  const links = readdirSync(join(root, 'bin')).filter((name) => name !== 'busybox');
  for (const name of links) {
    rmSync(join(root, 'bin', name));
    symlinkSync('busybox', join(root, 'bin', name));
  }
  const tar = execFileSync('tar', ['--owner=0', '--group=0', '-C', root, '-cf', '-', 'bin'], {
    maxBuffer: 1 << 28,
  });
  const fixture = makeImageFixture({
    platform: { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch },
    tars: [tar],
  });
  const { manifest } = fixture.image;
  for (const bytes of fixture.blobs.values()) hub.addBlob('library/busybox', bytes);
  hub.addManifest('library/busybox', 'latest', manifest.bytes, manifest.descriptor.mediaType);
}

/** Debian with Python, as an image of its own. */
function publishPython(hub: MemoryRegistry, layout: string): void {
  const read = (digest: string) => readFileSync(join(layout, 'blobs', digest.replace(':', '/')));
  const parse = (digest: string) => JSON.parse(read(digest).toString());
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
  const { config, layers, ...manifest } = parse(index.manifests[0].digest);
  const { rootfs, os, architecture, config: options } = parse(config.digest);
  const own = {
    ...{ os, architecture, config: { Env: options.Env, Cmd: ['python3.11'] } },
    rootfs: { ...rootfs, diff_ids: rootfs.diff_ids.slice(0, 2) },
  };
  const bytes = Buffer.from(JSON.stringify(own));
  const { digest } = hub.addBlob('library/python', bytes);
  const used = layers.slice(0, 2);
  for (const layer of used) hub.addBlob('library/python', read(layer.digest));
  const document = { ...manifest, config: { ...config, digest, size: bytes.length }, layers: used };
  hub.addManifest('library/python', '3.11', Buffer.from(JSON.stringify(document)), manifest.mediaType);
}

async function prepare(place: string, hub: MemoryRegistry, registry: MemoryRegistry): Promise<PageSetup> {
  publish(hub, 'library/ubuntu', '22.04', 'Ubuntu 22.04');
  publish(hub, 'library/ubuntu', '24.04', 'Ubuntu 24.04');
  publish(hub, 'library/debian', 'latest', 'Debian');
  if (RUNS_CONTAINERS) publishBusybox(hub, place);
  if (STACK) publishPython(hub, STACK.oci.replace(/^oci:|:latest$/g, ''));
  for (const tag of ['1.0', '1.1', 'latest']) publish(registry, 'team/tools', tag, `tools ${tag}`);
  return preparePage(place, hub.host, SERVICE, { [PRIVATE]: registry.host });
}

describe.skipIf(process.platform === 'win32').each(PAGES)('%s', (page) => {
  const place = mkdtempSync(join(tmpdir(), 'wherry-tutorial-'));
  const steps = readSteps(page, RUN_BLOCKS);
  let printed: string[] = [];

  beforeAll(async () => {
    await using hub = await startMemoryRegistry();
    await using registry = await startMemoryRegistry({
      auth: { kind: 'basic', username: 'ada', password: 'secret' },
    });
    printed = await runSteps(steps, await prepare(place, hub, registry));
  }, PAGE_MS);

  afterAll(() => rmSync(place, { recursive: true, force: true }));

  test('has steps to run', () => expect(steps.length).toBeGreaterThan(30));

  test.each(steps)('line $line: $command', (step) => {
    const output = printed[steps.indexOf(step)] ?? '';
    if (!matches(step.expected, output)) expect(output).toBe(`${step.expected.join('\n')}\n`);
  });
});

test.each(PAGES.slice(1))('%s shows what the tutorial shows', (page) => {
  const codeOf = (each: string) => readPage(each).match(/^```.*?^```$/gms);
  expect(codeOf(page)).toEqual(codeOf(PAGES[0]));
});
