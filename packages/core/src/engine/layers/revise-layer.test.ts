import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { tocPath } from '../../content/store-paths.ts';
import type { Digest } from '../../digest.ts';
import type { TocEntry } from '../../layer/toc-format.ts';
import { readToc } from '../../layer/toc-reader.ts';
import { TocWriter } from '../../layer/toc-writer.ts';
import { EngineSandbox } from '../../testing/engine-sandbox.ts';
import { noise } from '../../testing/layer-fixtures.ts';

/** So many that one of them is read before it is known whether the layer must be written. */
const FILES = Array.from({ length: 20 }, (_, i) => `f${i}`);

class Builds extends EngineSandbox {
  readonly context = join(this.directory, 'context');

  constructor() {
    super();
    mkdirSync(join(this.context, 'app'), { recursive: true });
    writeFileSync(join(this.context, 'Dockerfile'), 'FROM scratch\nCOPY app /app\n');
    for (const [i, name] of FILES.entries()) this.write(name, noise(3000, i));
  }

  write(name: string, content: Uint8Array): void {
    writeFileSync(join(this.context, 'app', name), content);
  }

  /** Gives the image's ID, and the layer and table of contents that the build left. */
  async build(noCache = false) {
    const { id } = await this.engine().build({ context: { kind: 'directory', path: this.context }, noCache });
    const [digest] = this.store()
      .metadata.findImage(id as Digest)!
      .layers.map((layer) => layer.digest);
    return { id, digest: digest!, toc: readFileSync(tocPath(this.root, digest!)) };
  }

  /** Has the layer's table of contents say something that a pass over the layer would not find. */
  mark(digest: Digest): void {
    const path = tocPath(this.root, digest);
    const chunks: Uint8Array[] = [];
    const writer = new TocWriter((chunk) => chunks.push(chunk));
    const reading = readToc(readFileSync(path));
    for (let next = reading.next(); ; next = reading.next()) {
      if (next.done) {
        writer.finish({ ...next.value, contentSize: next.value.contentSize + MARK });
        writeFileSync(path, Buffer.concat(chunks));
        return;
      }
      writer.add(next.value satisfies TocEntry);
    }
  }

  /** Whether a layer was made of one that is marked. */
  isMarked(digest: Digest): boolean {
    return this.store().metadata.findLayer(digest)!.contentSize >= MARK;
  }
}

const MARK = 1_000_000_000;

// Digests are not kept of files that changed just now.
beforeEach(
  () => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000, shouldAdvanceTime: true }),
);
afterEach(() => void vi.useRealTimers());

test('where one file changed the layer is made of the last one, and is the one that a whole build makes', async () => {
  await using builds = new Builds();
  for (const change of [noise(3000, 99), noise(9, 98), noise(0)]) {
    builds.mark((await builds.build()).digest);
    builds.write('f7', change);
    const revised = await builds.build();
    expect(builds.isMarked(revised.digest)).toBe(true);
    const whole = await builds.build(true);
    expect(whole.id).toBe(revised.id);
    expect(builds.isMarked(whole.digest)).toBe(false);
  }
  builds.write('f7', noise(5));
  const { toc } = await builds.build();
  expect((await builds.build(true)).toc.equals(toc)).toBe(true);
});

test('a change that leaves size and times as they were is seen', async () => {
  await using builds = new Builds();
  const file = join(builds.context, 'app', 'f7');
  utimesSync(file, 1, 1);
  const { id } = await builds.build();
  builds.write('f7', noise(3000, 50));
  utimesSync(file, 1, 1);
  const revised = await builds.build();
  expect(revised.id).not.toBe(id);
  expect((await builds.build(true)).id).toBe(revised.id);
});

test.each<{ name: string; spoil: (builds: Builds, digest: Digest) => void }>([
  {
    name: 'rotten',
    spoil: (builds, digest) => {
      const path = builds.store().blobs.pathOf(digest);
      writeFileSync(path, readFileSync(path).fill(7, 20_000, 20_100));
    },
  },
  {
    name: 'cut off',
    spoil: (builds, digest) => writeFileSync(builds.store().blobs.pathOf(digest), noise(600)),
  },
  { name: 'gone', spoil: (builds, digest) => rmSync(builds.store().blobs.pathOf(digest)) },
  { name: 'without a table of contents', spoil: ({ root }, digest) => rmSync(tocPath(root, digest)) },
  {
    name: 'of a bad table of contents',
    spoil: ({ root }, digest) => writeFileSync(tocPath(root, digest), 'x'),
  },
  {
    name: 'without a list of its files',
    spoil: ({ root }) => rmSync(join(root, 'build', 'files'), { recursive: true }),
  },
])('a last layer that is $name is no hindrance', async ({ spoil }) => {
  await using builds = new Builds();
  const { digest } = await builds.build();
  spoil(builds, digest);
  builds.write('f7', noise(2000, 50));
  const { id } = await builds.build();
  expect((await builds.build(true)).id).toBe(id);
  expect(builds.files('ingests')).toEqual([]);
});

test('another instruction has nothing of the last layer', async () => {
  await using builds = new Builds();
  builds.mark((await builds.build()).digest);
  writeFileSync(join(builds.context, 'Dockerfile'), 'FROM scratch\nCOPY --chmod=700 app /app\n');
  builds.write('f7', noise(2000, 50));
  const { id, digest } = await builds.build();
  expect(builds.isMarked(digest)).toBe(false);
  expect((await builds.build(true)).id).toBe(id);
});
