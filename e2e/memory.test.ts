import { mkdirSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerRegistry } from '../bench/peers.ts';
import { describeImage, seedRegistry, workloadImage } from './images.ts';
import { describeWith } from './needs.ts';
import { run, runWith, Sandbox, WHERRY } from './wherry.ts';

/** For any command, whatever the size of the image. */
const MAX_RSS_KB = 150 * 1024;
/** For a build, whatever its context is. */
const MAX_BUILD_RSS_KB = 250 * 1024;
const LARGE_FILE_BYTES = 5 * 2 ** 30;
/** Five gigabytes are written to disk. */
const LARGE_TIMEOUT_MS = 400_000;
const MANY_FILES = 100_000;
const FILES_A_DIRECTORY = 1000;
/** Of the compressed bytes of an image, with its documents and tables of contents. */
const MAX_DISK_SHARE = 1.05;

const needs = {
  programs: ['docker-registry', 'skopeo', 'du', '/usr/bin/time'],
  linux: true,
  images: ['stack', 'big'],
};

describeWith(needs, 'what a large image takes', () => {
  const sandbox = new Sandbox();
  let registry: Peer;

  beforeAll(async () => {
    registry = await startDockerRegistry(sandbox.directory('registry'));
    for (const name of ['stack', 'big'])
      await seedRegistry(workloadImage(name), `${registry.address}/memory/${name}:1`);
  });

  afterAll(async () => {
    await registry?.stop();
    sandbox[Symbol.dispose]();
  });

  const peakOf = (...args: string[]) => peakIn(sandbox, ...args);

  test.each([{ name: 'stack' }, { name: 'big' }])(
    '$name: no command needs more than 150 MB',
    async ({ name }) => {
      const image = workloadImage(name);
      const pulled = `${registry.address}/memory/${name}:1`;
      const pushed = `${registry.address}/pushed/${name}:1`;
      const other = sandbox.directory('root');
      const saved = sandbox.file('saved.tar');
      const peaks = {
        pull: await peakOf('pull', pulled),
        tag: await peakOf('tag', pulled, pushed),
        push: await peakOf('push', pushed),
        save: await peakOf('save', '-o', saved, pulled),
        load: await peakOf('--root', other, 'load', '-i', saved),
        'load of plain layers': await peakOf(
          '--root',
          sandbox.directory('root'),
          'load',
          '-i',
          image.dockerArchive!,
        ),
        import: await peakOf(
          '--root',
          sandbox.directory('root'),
          'import',
          image.dockerArchive!,
          'imported:1',
        ),
        check: await peakOf('system', 'check'),
      };
      const tooMuch = Object.entries(peaks).filter(([, kb]) => kb > MAX_RSS_KB);
      expect(tooMuch).toEqual([]);
      await run('rm', '-f', saved);
    },
  );

  test('a pulled image takes little more of the disk than its compressed bytes', async () => {
    const image = workloadImage('stack');
    const { layers } = await describeImage(image);
    const compressed = layers.reduce((sum, { size }) => sum + size, 0);
    const root = sandbox.directory('root');
    await sandbox.at(root, 'pull', '-q', `${registry.address}/memory/stack:1`);
    const block = statfsSync(root).bsize;
    const taken = Number((await run('du', '-s', '-B1', root)).split('\t')[0]);
    // What a file does not fill of its last block is no matter of ours.
    const files = Number((await run('sh', '-c', `find ${root} | wc -l`)).trim());
    expect(taken - files * block).toBeLessThanOrEqual(MAX_DISK_SHARE * compressed);
  });
});

describeWith({ programs: ['/usr/bin/time'], linux: true }, 'what a large build context takes', () => {
  test.each([
    { name: 'a file of 5 GB', fill: (context: string) => writeLargeFile(join(context, 'large')) },
    { name: `${MANY_FILES} files`, fill: (context: string) => writeFiles(context, MANY_FILES) },
  ])(
    '$name: a build needs no more than 250 MB',
    async ({ fill }) => {
      using sandbox = new Sandbox();
      const context = sandbox.directory('context');
      writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY . /all\n');
      fill(context);
      expect(await peakIn(sandbox, 'build', '-q', context)).toBeLessThanOrEqual(MAX_BUILD_RSS_KB);
    },
    LARGE_TIMEOUT_MS,
  );
});

/** The most memory that the command had, in KiB, with all of its threads. */
async function peakIn(sandbox: Sandbox, ...args: string[]): Promise<number> {
  const report = sandbox.file('time');
  const command = [process.execPath, WHERRY, ...args];
  const options = { env: sandbox.environment, timeoutMs: LARGE_TIMEOUT_MS };
  await runWith(options, '/usr/bin/time', '-f', '%M', '-o', report, ...command);
  return Number(await run('cat', report));
}

/** It takes no room itself: nothing was ever written to it. */
function writeLargeFile(path: string): void {
  writeFileSync(path, '');
  truncateSync(path, LARGE_FILE_BYTES);
}

function writeFiles(context: string, count: number): void {
  for (let i = 0; i < count; i++) {
    const directory = join(context, `d${Math.floor(i / FILES_A_DIRECTORY)}`);
    if (i % FILES_A_DIRECTORY === 0) mkdirSync(directory);
    writeFileSync(join(directory, `file-${i}`), `file ${i}\n`);
  }
}
