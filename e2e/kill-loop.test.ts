import { readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerRegistry } from '../bench/peers.ts';
import { describeImage, type SourceImage, seedRegistry, sourceImage } from './images.ts';
import { writeImage } from './layout.ts';
import { describeWith } from './needs.ts';
import { noisyLayer, randomNumbers } from './noise.ts';
import { Sandbox } from './wherry.ts';

const SEED = 20_240;
const KILLS = 200;
const PROCESSES = 3;
const IMAGES = 4;
/** Of the commands, that are left to end: however slow the machine, something happens between the kills. */
const SPARED = 0.2;
/** How long the others may live, in pulls: most kills come early, while they start or write. */
const MAX_LIFE = 2;
/** However loaded the machine: no clock but this one has a say. */
const TIME_LIMIT_MS = 600_000;

/** What stays of a store that holds nothing. */
const MAY_STAY = /^(oci-layout|index\.json|index\.lock|metadata\.db(-wal|-shm)?)$/;

describeWith({ programs: ['docker-registry', 'skopeo'] }, 'processes that are killed at any moment', () => {
  const sandbox = new Sandbox();
  const { root } = sandbox;
  const images: SourceImage[] = [];
  const ids: string[] = [];
  let registry: Peer;

  const remote = (i: number) => `${registry.address}/kill/image-${i}:1`;

  beforeAll(async () => {
    registry = await startDockerRegistry(sandbox.directory('registry'));
    // Every image shares its base with the others: removing one must not take from another.
    const base = noisyLayer(SEED, 200_000);
    for (let i = 0; i < IMAGES; i++) {
      const layout = sandbox.directory('layout');
      const layers = [base, noisyLayer(SEED + i + 1, 150_000), noisyLayer(SEED - i - 1, 50_000)];
      await writeImage(layout, { platform: { os: 'linux', architecture: 'amd64' }, layers });
      images.push(sourceImage(`image-${i}`, layout));
      ids.push((await describeImage(images[i]!)).id);
      await seedRegistry(images[i]!, remote(i));
    }
  });

  afterAll(async () => {
    await registry?.stop();
    sandbox[Symbol.dispose]();
  });

  test(
    `leave a consistent store after ${KILLS} kills`,
    async () => {
      const random = randomNumbers(SEED);
      const startedAt = performance.now();
      await sandbox.wherry('pull', '-q', remote(0));
      const maxLifeMs = MAX_LIFE * (performance.now() - startedAt);
      const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
      /** Names whose tagging was reported as done, and that nothing removes. */
      const kept = new Map<string, string>();
      let kills = 0;
      let commands = 0;
      const complaints: string[] = [];

      const nextCommand = (worker: number): string[] => {
        const i = Math.floor(random() * IMAGES);
        const local = `local/worker-${worker}:${i}`;
        return pick([
          ['pull', '-q', remote(i)],
          ['pull', '-q', remote(i)],
          ['tag', remote(i), local],
          ['tag', remote(i), `kept/${worker}-${i}:${commands}`],
          ['rmi', '-f', remote(i)],
          ['rmi', local],
          ['tag', remote(i), `${registry.address}/kill/pushed-${i}:${worker}`],
          ['push', '-q', `${registry.address}/kill/pushed-${i}:${worker}`],
        ]);
      };

      const work = async (worker: number) => {
        while (kills < KILLS) {
          const command = nextCommand(worker);
          commands++;
          const running = sandbox.start(...command);
          const lifeMs = random() < SPARED ? TIME_LIMIT_MS : random() ** 2 * maxLifeMs;
          const late = setTimeout(() => running.child.kill('SIGKILL'), lifeMs);
          const { status, signal, stderr } = await running.result;
          clearTimeout(late);
          if (signal) kills++;
          // What another process removed, or has not brought yet, may be asked for.
          else if (status !== 0 && !/No such image|does not exist|tag does not exist/.test(stderr))
            complaints.push(`${command.join(' ')}: exit ${status}: ${stderr}`);
          const [verb, source, target] = command;
          if (verb === 'tag' && target?.startsWith('kept/') && status === 0 && source) {
            const i = images.findIndex((_, index) => remote(index) === source);
            kept.set(target, ids[i]!);
          }
        }
      };
      await Promise.all(Array.from({ length: PROCESSES }, (_, worker) => work(worker)));
      expect(complaints).toEqual([]);

      // A lease or a lock of a killed process must not keep the next one waiting.
      await sleep(100);
      const checked = await sandbox.try('system', 'check');
      expect(checked).toMatchObject({ status: 0, stderr: '' });
      expect(checked.stdout).toContain('no faults');

      expect(kept.size).toBeGreaterThan(5);
      const listed = await sandbox.wherry('images', '--no-trunc');
      for (const [name, id] of kept) {
        const [repository, tag] = name.split(':');
        expect(listed).toMatch(new RegExp(`^${repository} +${tag} +${id} `, 'm'));
      }
      for (const id of new Set(kept.values())) {
        const saved = sandbox.file('saved.tar');
        await sandbox.wherry('save', '-o', saved, id);
      }
    },
    TIME_LIMIT_MS,
  );

  test('leave nothing behind once everything is removed', async () => {
    const ids = (await sandbox.wherry('images', '-a', '-q', '--no-trunc')).split('\n').filter(Boolean);
    for (const id of new Set(ids)) await sandbox.wherry('rmi', '-f', id);
    expect(await sandbox.wherry('images', '-a', '-q')).toBe('');
    ageFiles(root);
    await sandbox.wherry('system', 'check', '--repair');
    expect(filesUnder(root).filter((path) => !MAY_STAY.test(path))).toEqual([]);
    expect(await sandbox.wherry('system', 'check')).toContain('Checked 0 blobs (0B) of 0 images: no faults');
  });
});

/** What a killed process left is kept for a while, to go on with: two days later it is not. */
function ageFiles(root: string): void {
  const then = new Date(Date.now() - 48 * 3600 * 1000);
  for (const path of entriesUnder(root))
    if (/^(tmp|ingests)\//.test(path)) utimesSync(join(root, path), then, then);
}

function filesUnder(root: string): string[] {
  return entriesUnder(root).filter((path) => !statSync(join(root, path)).isDirectory());
}

function entriesUnder(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
}
