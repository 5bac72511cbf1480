import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BUSYBOX, buildContext, buildTracesOf } from './builds.ts';
import { processesWith } from './container-traces.ts';
import { describeWith } from './needs.ts';
import { noisyLayer, randomNumbers } from './noise.ts';
import { Sandbox } from './wherry.ts';

const SEED = Number(process.env.WHERRY_E2E_SEED ?? 20_251);
const DURATION_MS = Number(process.env.WHERRY_E2E_KILL_MS ?? 20_000);
/** Builds that are killed one after the other, each where the cache of the last one has led it. */
const KILLS_A_STORE = 6;
/** A build is killed within this time of a line that it prints. */
const MAX_DELAY_MS = 200;
/** Of the lines of a whole build, those after which there is still something to do. */
const LINES = 18;
/** Of the builds, those of which something else is killed: the runtime, or the shell that looks after it. */
const OTHERS = 0.2;
const MIN_KILLS = 10;
const FILES = 100;

/** In the command line of whatever runs in a step. */
const MARKER = `${process.pid}${SEED}`;
const DOCKERFILE = `FROM busybox:1 AS base
COPY tree /tree
RUN echo ${MARKER}; mkdir /made; for i in $(seq 50); do echo $i >/made/$i; done; sleep 0.1
FROM base
RUN echo ${MARKER}; dd if=/dev/zero of=/big bs=64k count=50; rm -r /tree/1*
COPY large /large
WORKDIR /made
ENV A=1
`;

describeWith({ linux: true, root: true, programs: ['runc', 'unshare'], paths: [BUSYBOX] }, 'builds', () => {
  const sandbox = new Sandbox();
  const pristine = sandbox.root;
  const context = buildContext(sandbox, { Dockerfile: DOCKERFILE });
  let expected = '';

  beforeAll(async () => {
    const tree = sandbox.directory('tree');
    for (let i = 0; i < FILES; i++) writeFileSync(join(tree, String(i)), `file ${i}\n`);
    cpSync(tree, join(context, 'tree'), { recursive: true });
    writeFileSync(join(context, 'large'), noisyLayer(SEED, 4 << 20));
    await sandbox.wherry('import', '-c', 'CMD ["sh"]', BUSYBOX, 'busybox:1');
    expected = await build(copyOf(pristine));
  });
  afterAll(() => sandbox[Symbol.dispose]());

  const build = (root: string) => sandbox.at(root, 'build', '-q', context);

  function copyOf(root: string): string {
    const copy = sandbox.directory('copy');
    cpSync(root, copy, { recursive: true });
    return copy;
  }

  test('leave nothing and go on where they were, whatever of them is killed', async () => {
    const random = randomNumbers(SEED);
    const startedAt = performance.now();
    let kills = 0;
    let stores = 0;

    /** Tells whether it was ended before its own end. */
    const killOne = async (root: string): Promise<boolean> => {
      const running = sandbox.start('--root', root, 'build', context);
      const [lines, delayMs, isOther] = [random() * LINES, random() ** 2 * MAX_DELAY_MS, random() < OTHERS];
      let late: NodeJS.Timeout | undefined;
      running.child.stdout?.on('data', () => {
        if (late !== undefined || running.stdout.split('\n').length < lines) return;
        late = setTimeout(() => {
          if (isOther) killAnother(root, random());
          else running.child.kill('SIGKILL');
        }, delayMs);
      });
      const { status, signal, stdout, stderr } = await running.result;
      clearTimeout(late);
      if (status === 0) expect(stdout).toContain(`Successfully built ${expected.slice(7, 19)}\n`);
      else if (status !== null)
        expect({ isOther, stderr }).toEqual({
          isOther: true,
          stderr: expect.stringMatching(/[Kk]illed|code: 137/),
        });
      if (signal) kills++;
      return status !== 0;
    };

    do {
      const root = copyOf(pristine);
      for (let i = 0, isKilled = true; isKilled && i < KILLS_A_STORE; i++) {
        isKilled = await killOne(root);
        await expect.poll(() => buildTracesOf(root, MARKER), { timeout: 60_000, interval: 20 }).toEqual([]);
      }
      // The next build clears away what the killed ones were at, and so does a repair.
      if (stores++ % 2) await sandbox.at(root, 'system', 'check', '--repair');
      else expect(await build(root)).toBe(expected);
      expect(await sandbox.at(root, 'system', 'check')).toContain('no faults');
      expect(readdirSync(join(root, 'build/scratch'))).toEqual([]);
      expect(await build(root)).toBe(expected);
    } while (performance.now() - startedAt < DURATION_MS || kills < MIN_KILLS);
  }, 600_000);
});

function killAnother(root: string, random: number): void {
  const others = processesWith(root).filter(({ command }) => /runc|unshare|^\S*sh /.test(command));
  const victim = others[Math.floor(random * others.length)];
  if (victim === undefined) return;
  try {
    process.kill(victim.pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
