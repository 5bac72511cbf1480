import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mountsBelow, names, processesWith, tracesOf } from './container-traces.ts';
import { describeWith } from './needs.ts';
import { randomNumbers } from './noise.ts';
import { Sandbox } from './wherry.ts';

const BUSYBOX = fileURLToPath(
  new URL('../../shared/images/busybox-musl-amd64/rootfs.tar.gz', import.meta.url),
);
const SEED = Number(process.env.WHERRY_E2E_SEED ?? 20_250);
const WORKERS = 3;
const DURATION_MS = Number(process.env.WHERRY_E2E_KILL_MS ?? 30_000);
/** A slow machine goes on until there were so many. */
const FEWEST_KILLS = 20;
/** Of the commands, that are left to end. */
const SPARED = 0.3;
/** How long the others may live, in runs: most kills come early, while they make or start a container. */
const MAX_LIFE = 1.5;
/** Of the commands, after which something else of a container is killed: its monitor, the runtime, its supervisor. */
const OTHERS = 0.4;
/** What asks for a container may find it gone, not there yet, in another state, or its runtime killed. */
const EXPECTED =
  /No such container|is not running|is already in use|cannot remove a running|OCI runtime|is running|Killed|supervisor of the container failed: it was killed/;

describeWith({ linux: true, root: true, programs: ['runc'], paths: [BUSYBOX] }, 'containers', () => {
  const sandbox = new Sandbox();
  const { root } = sandbox;
  /** In the command line of whatever runs in a container. */
  const marker = `${process.pid}${SEED}`;

  beforeAll(() => sandbox.wherry('import', '-c', 'CMD ["sh"]', BUSYBOX, 'busybox:1'));
  afterAll(async () => {
    for (const { pid } of processesWith(marker)) killIfThere(pid);
    await sandbox.try('system', 'check', '--repair');
    sandbox[Symbol.dispose]();
  });

  const listed = async () => (await sandbox.wherry('ps', '-a', '--format', '{{.Names}}')).split('\n');

  test('leave nothing and none is lost, whatever of them is killed', async () => {
    const random = randomNumbers(SEED);
    const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
    const startedAt = performance.now();
    await sandbox.wherry('run', '--rm', 'busybox:1', 'true');
    const maxLifeMs = MAX_LIFE * (performance.now() - startedAt);
    /** Names that were reported as made, and that nothing removes. */
    const kept: string[] = [];
    const complaints: string[] = [];
    let count = 0;
    let kills = 0;

    const nextCommand = (): { command: string[]; name: string | undefined } => {
      count++;
      // No letter of a name is hexadecimal: to those that are gone, an ID that begins with it would answer.
      const [name, any] = [`n${count}`, `n${Math.ceil(random() * count)}`];
      const sleeping = ['busybox:1', 'sleep', marker];
      const choice = pick<{ command: string[]; name?: string }>([
        { command: ['run', '--rm', 'busybox:1', 'echo', marker] },
        { command: ['run', '--name', `r${count}`, 'busybox:1', 'echo', marker] },
        { command: ['run', '-d', '--name', name, ...sleeping] },
        { command: ['run', '-d', '-m', '64m', '--name', name, ...sleeping] },
        { command: ['run', '-d', '--rm', '--name', name, ...sleeping] },
        { command: ['create', '--name', `k${count}`, ...sleeping], name: `k${count}` },
        { command: ['start', pick(kept) ?? any] },
        { command: ['exec', any, 'echo', marker] },
        { command: ['stop', '-t', '0', any] },
        { command: ['rm', '-f', any] },
        { command: ['rm', any] },
        { command: ['ps', '-a'] },
      ]);
      return { command: choice?.command ?? [], name: choice?.name };
    };

    const killAnother = () => {
      const victim = pick(
        processesWith(root).filter(({ command }) => /monitor|exit-main|runc|^\S*sh /.test(command)),
      );
      if (victim !== undefined && killIfThere(victim.pid)) kills++;
    };

    const work = async () => {
      while (performance.now() - startedAt < DURATION_MS || kills <= FEWEST_KILLS || kept.length === 0) {
        const { command, name } = nextCommand();
        const running = sandbox.start(...command);
        const isSpared = random() < SPARED;
        const late = isSpared
          ? undefined
          : setTimeout(() => running.child.kill('SIGKILL'), random() * maxLifeMs);
        const { status, signal, stderr } = await running.result;
        clearTimeout(late);
        if (signal) kills++;
        else if (status !== 0 && !EXPECTED.test(stderr) && status !== 137)
          complaints.push(`${command.join(' ')}: exit ${status}: ${stderr}`);
        else if (status === 0 && name !== undefined) kept.push(name);
        if (random() < OTHERS) killAnother();
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, work));
    expect(complaints).toEqual([]);
    expect(await listed()).toEqual(expect.arrayContaining(kept));

    ageTemporaries(join(root, 'snapshots/uses'));
    await sandbox.wherry('system', 'check', '--repair');
    expect(await sandbox.try('system', 'check')).toMatchObject({ status: 0, stderr: '' });
    // Only what runs is mounted, and only what is listed runs.
    const running = (await sandbox.wherry('ps', '-q')).split('\n').filter((id) => id !== '');
    const isRunning = (text: string) => running.some((id) => text.includes(id));
    expect(mountsBelow(root).filter((mount) => !isRunning(mount))).toEqual([]);
    expect(processesWith(marker).length).toBeLessThanOrEqual(running.length);
    const ids = (await sandbox.wherry('ps', '-aq')).split('\n').filter((id) => id !== '');
    await sandbox.wherry('rm', '-f', ...ids);
    await expect.poll(() => [...tracesOf(root), ...processesWith(marker)], { timeout: 60_000 }).toEqual([]);
  }, 600_000);
});

/** A file that a killed process was writing is kept for a day: somebody may be at it. */
function ageTemporaries(directory: string): void {
  const then = new Date(Date.now() - 48 * 3600 * 1000);
  for (const name of names(directory))
    if (name.startsWith('tmp-')) utimesSync(join(directory, name), then, then);
}

function killIfThere(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}
