/**
 * How long the command line takes to start, beside an empty Node: `wherry --version`, and `wherry images` on a
 * store of ten images. Runs are interleaved, so that a busy machine slows all alike; medians are compared.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const WHERRY = fileURLToPath(new URL('../apps/cli/dist/wherry.js', import.meta.url));
const IMAGES = 10;
const RUNS = 41;
/** What `wherry images` may cost at most, in starts of an empty Node. */
const MAX_IMAGES_RATIO = 1.7;

const directory = mkdtempSync(join(tmpdir(), 'wherry-bench-startup-'));
const env = { ...process.env, WHERRY_ROOT: join(directory, 'store'), DOCKER_CONFIG: directory };
// Where it is set, every start of Node reads the certificates in it.
delete env.NODE_EXTRA_CA_CERTS;

const COMMANDS = {
  'node -e 0': ['-e', '0'],
  'wherry --version': [WHERRY, '--version'],
  'wherry images': [WHERRY, 'images'],
};

function timeOf(args: readonly string[]): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  if (status !== 0) throw new Error(`${args.join(' ')} exited with ${status}: ${stderr}`);
  return performance.now() - start;
}

/** An empty tar is the smallest root file system. */
function importImages(): void {
  const tar = join(directory, 'empty.tar');
  writeFileSync(tar, new Uint8Array(1024));
  for (let i = 0; i < IMAGES; i++) timeOf([WHERRY, 'import', '-m', `image ${i}`, tar, `bench:${i}`]);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.trunc(values.length / 2)] ?? Number.NaN;
}

try {
  importImages();
  const times = new Map(Object.keys(COMMANDS).map((name) => [name, [] as number[]]));
  for (let run = 0; run <= RUNS; run++)
    for (const [name, args] of Object.entries(COMMANDS)) {
      const ms = timeOf(args);
      // The first round warms the file cache up.
      if (run > 0) times.get(name)?.push(ms);
    }
  const floor = median(times.get('node -e 0') ?? []);
  console.log('start-up: median and least ms, ratio of medians to node -e 0');
  for (const [name, values] of times) {
    const ms = median(values);
    const least = Math.min(...values);
    console.log(
      `  ${name.padEnd(18)} ${ms.toFixed(1).padStart(6)} ${least.toFixed(1).padStart(6)}  ${(ms / floor).toFixed(2)}`,
    );
  }
  const ratio = median(times.get('wherry images') ?? []) / floor;
  if (ratio > MAX_IMAGES_RATIO)
    console.log(`  wherry images: ${ratio.toFixed(2)} is over ${MAX_IMAGES_RATIO}`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
