import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Engine, openEngine } from '@wherry/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerd } from '../bench/peers.ts';
import { baseArchive } from './build-cases/bases.ts';
import type { DockerBuilder } from './build-cases/case.ts';
import { compareImages, type Difference, difference } from './build-cases/compare-images.ts';
import { EVERYWHERE, REASONS } from './build-cases/decided.ts';
import { DOCKER, dockerBuild, hasBuildKit } from './build-cases/docker-builds.ts';
import { BUILD_CASES } from './build-cases/index.ts';
import { ourBuild } from './build-cases/our-builds.ts';
import { inParallel, type Outcome, type PreparedCase } from './build-cases/outcome.ts';
import { readSavedImages, type SavedImage } from './build-cases/saved-images.ts';
import { writeContext } from './build-cases/write-context.ts';
import { SHARED } from './images.ts';
import { describeWith } from './needs.ts';
import { run, Sandbox } from './wherry.ts';

const BUSYBOX = join(SHARED, 'images/busybox-musl-amd64/rootfs.tar.gz');
const COMPATIBILITY = new URL('../docs/compatibility.md', import.meta.url);
const BUILDERS: readonly DockerBuilder[] = hasBuildKit() ? ['classic', 'buildkit'] : ['classic'];
/** At a time; most of what a build takes is waiting for processes. */
const JOBS = 3;

/** A case and one of Docker's builders. */
interface Comparison {
  readonly prepared: PreparedCase;
  readonly builder: DockerBuilder;
}

const sandbox = new Sandbox();
const prepared = BUILD_CASES.map(
  (each, i): PreparedCase => ({
    each,
    name: `case-${i}`,
    context: join(sandbox.path, 'contexts', String(i)),
  }),
);
const comparisons = prepared.flatMap((one) =>
  BUILDERS.filter((builder) => one.each.builder === builder || one.each.builder === 'both').map(
    (builder): Comparison => ({ prepared: one, builder }),
  ),
);

/** What all builds came to: outcomes and images by `name:tag`. */
class Results {
  readonly outcomes = new Map<string, Outcome>();
  ours: ReadonlyMap<string, SavedImage> = new Map();
  theirs: ReadonlyMap<string, SavedImage> = new Map();

  built(tag: string): string[] {
    return [...this.outcomes]
      .filter(([name, { status }]) => status === 0 && name.endsWith(`:${tag}`))
      .map(([name]) => name);
  }

  compare({ prepared: { each, name }, builder }: Comparison): Difference[] {
    const own = this.outcomes.get(`${name}:ours`);
    const other = this.outcomes.get(`${name}:${builder}`);
    if (own?.status !== 0 || other?.status !== 0) {
      // BuildKit has its own words around every mistake, and one exit code for all.
      if (builder === 'buildkit') return difference('status', own?.status === 0, other?.status === 0);
      return [
        ...difference('status', own?.status, other?.status),
        ...difference('error', own?.error, other?.error),
      ];
    }
    const [ours, theirs] = [this.ours.get(`${name}:ours`), this.theirs.get(`${name}:${builder}`)];
    const base = this.ours.get('base:1');
    if (!ours || !theirs || !base) throw new Error(`${name} was built and is not there`);
    const depth = builder === 'classic' ? 'texts' : 'shape';
    return compareImages(ours, theirs, { base, history: each.reference ? 'none' : depth });
  }
}

async function buildOurs(root: string, bases: string, results: Results): Promise<void> {
  await using engine = openEngine({ root });
  await engine.load({ from: bases });
  await inParallel(prepared, JOBS, async (one) => {
    results.outcomes.set(`${one.name}:ours`, await ourBuild(engine, one));
  });
  results.ours = readSavedImages(await saved(engine, ['base:1', ...results.built('ours')]));
}

async function saved(engine: Engine, images: readonly string[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of engine.save({ images, uncompressed: true })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function buildTheirs(address: string, bases: string, results: Results): Promise<void> {
  await run(DOCKER, '-H', address, 'load', '-q', '-i', bases);
  await inParallel(comparisons, JOBS, async ({ prepared: one, builder }) => {
    const outcome = await dockerBuild(address, builder, one, { env: sandbox.environment });
    results.outcomes.set(`${one.name}:${builder}`, outcome);
  });
  const archive = sandbox.file('theirs.tar');
  await run(DOCKER, '-H', address, 'save', '-o', archive, ...BUILDERS.flatMap((tag) => results.built(tag)));
  results.theirs = readSavedImages(readFileSync(archive));
}

describeWith(
  { linux: true, root: true, programs: ['runc', 'docker', 'dockerd'], paths: [BUSYBOX] },
  'builds, and what Docker makes of the same',
  () => {
    // In memory: both write much that they wait for to be on the disk.
    const memory = sandbox.directory('memory');
    const results = new Results();
    const seen = new Set<string>();
    let docker: Peer | undefined;

    beforeAll(async () => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1g,mode=755', 'builds', memory]);
      for (const { each, context } of prepared) writeContext(context, each);
      const bases = sandbox.file('bases.tar');
      writeFileSync(bases, baseArchive(BUSYBOX));
      docker = await startDockerd(join(memory, 'docker'));
      await buildTheirs(docker.address, bases, results);
      await buildOurs(join(memory, 'root'), bases, results);
    }, 600_000);
    afterAll(async () => {
      await docker?.stop();
      // What dockerd started may end a little later than it.
      execFileSync('umount', ['--lazy', memory]);
      sandbox[Symbol.dispose]();
    });

    test.each(comparisons.map((one) => ({ ...one, title: one.prepared.each.name })))(
      '$title ($builder)',
      (one) => {
        const { differs = [], fails = false } = one.prepared.each;
        const isOurs = (from?: DockerBuilder) => from === undefined || from === one.builder;
        const found = results.compare(one);
        const everywhere = EVERYWHERE.filter(({ from }) => isOurs(from)).map(({ at }) => at);
        for (const { at } of found) seen.add(at);
        const decided = new Set(differs.filter(({ from }) => isOurs(from)).map(({ at }) => at));
        expect(found.filter(({ at }) => !decided.has(at) && !everywhere.includes(at))).toEqual([]);
        // Who decided on a difference that is none any more has to know.
        expect([...decided].filter((at) => !found.some((each) => each.at === at))).toEqual([]);
        expect(results.outcomes.get(`${one.prepared.name}:ours`)).toMatchObject(
          fails ? { status: expect.not.toBeOneOf([0]) } : { status: 0, error: '' },
        );
      },
    );

    test('differ everywhere only where that is so', () => {
      if (BUILDERS.includes('buildkit')) expect(EVERYWHERE.filter(({ at }) => !seen.has(at))).toEqual([]);
    });

    test('differ for reasons that the documentation has', () => {
      const text = readFileSync(COMPATIBILITY, 'utf8').replace(/\s+/g, ' ');
      expect(Object.values(REASONS).filter((reason) => !text.includes(reason))).toEqual([]);
      const used = [...EVERYWHERE, ...BUILD_CASES.flatMap(({ differs = [] }) => differs)];
      const reasons = new Set<string>(used.map(({ reason }) => reason));
      expect(Object.keys(REASONS).filter((reason) => !reasons.has(reason))).toEqual([]);
    });
  },
);
