import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EngineSandbox } from '../../testing/engine-sandbox.ts';
import { startNode } from '../../testing/node-child.ts';
import { buildScratch, claimStep, clearDeadScratch } from './build-scratch.ts';

test('is a directory until it is disposed', async () => {
  await using sandbox = new EngineSandbox();
  const scratch = await buildScratch(sandbox.root);
  mkdirSync(join(scratch.directory, 'a'));
  writeFileSync(join(scratch.directory, 'a/b'), 'text');
  expect(await clearDeadScratch(sandbox.root)).toEqual([]);
  await scratch[Symbol.asyncDispose]();
  expect(readdirSync(join(sandbox.root, 'build/scratch'))).toEqual([]);
});

test('is cleared away by the next build once its process was killed, and not before', async () => {
  await using sandbox = new EngineSandbox();
  await using child = startNode(
    `const { directory } = keep(await scratch.buildScratch(${JSON.stringify(sandbox.root)}));
     console.log(directory);
     process.stdin.resume();`,
    { scratch: new URL('./build-scratch.ts', import.meta.url) },
  );
  const dead = await child.line();
  writeFileSync(join(dead, 'file'), 'text');
  await (await buildScratch(sandbox.root))[Symbol.asyncDispose]();
  expect(existsSync(dead)).toBe(true);
  await child.kill();
  expect(await clearDeadScratch(sandbox.root, { dryRun: true })).toEqual([dead]);
  expect(existsSync(dead)).toBe(true);
  await using next = await buildScratch(sandbox.root);
  expect(readdirSync(join(sandbox.root, 'build/scratch')).sort()).toEqual(
    ['', '.lock'].map((suffix) => `${next.directory.split('/').at(-1)}${suffix}`),
  );
});

test('leaves what is none alone', async () => {
  await using sandbox = new EngineSandbox();
  mkdirSync(join(sandbox.root, 'build/scratch/mine'), { recursive: true });
  expect(await clearDeadScratch(sandbox.root)).toEqual([]);
  expect(await clearDeadScratch(sandbox.path('nowhere'))).toEqual([]);
  expect(readdirSync(join(sandbox.root, 'build/scratch'))).toEqual(['mine']);
});

test('a step is claimed by one at a time, until it is disposed or its process was killed', async () => {
  await using sandbox = new EngineSandbox();
  const key = 'a'.repeat(64);
  const place = join(sandbox.root, 'build/scratch');
  await using child = startNode(
    `keep(await scratch.claimStep(${JSON.stringify(sandbox.root)}, ${JSON.stringify(key)}));
     console.log('claimed');
     process.stdin.resume();`,
    { scratch: new URL('./build-scratch.ts', import.meta.url) },
  );
  await child.line();
  await expect(claimStep(sandbox.root, key, AbortSignal.timeout(60))).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  await (await claimStep(sandbox.root, 'b'.repeat(64)))[Symbol.asyncDispose]();
  expect(await clearDeadScratch(sandbox.root)).toEqual([]);
  expect(readdirSync(place)).toEqual([`${key}.lock`]);
  const waiting = claimStep(sandbox.root, key);
  await child.kill();
  const next = await waiting;
  const after = claimStep(sandbox.root, key);
  await next[Symbol.asyncDispose]();
  await (await after)[Symbol.asyncDispose]();
  expect(readdirSync(place)).toEqual([]);
});
