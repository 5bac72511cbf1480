import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startNode } from '../testing/node-child.ts';
import { acquireFileLock, tryFileLock } from './file-lock.ts';

const lockModule = { locks: new URL('./file-lock.ts', import.meta.url) };

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wherry-lock-'));
  path = join(directory, 'lock');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('a file lock', () => {
  test('excludes the other tasks of its process until it is released', () => {
    const lock = tryFileLock(path);
    expect(lock).toBeDefined();
    expect(tryFileLock(path)).toBeUndefined();
    lock?.release();
    const next = tryFileLock(path);
    expect(next).toBeDefined();
    next?.release();
    next?.release();
  });

  test('is an empty file and leaves nothing beside it', () => {
    const lock = tryFileLock(path);
    expect(readdirSync(directory)).toEqual(['lock']);
    expect(statSync(path).size).toBe(0);
    lock?.release();
    expect(readdirSync(directory)).toEqual(['lock']);
    tryFileLock(path)?.release({ remove: true });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('stays held when its file is replaced, and does not keep the new file', () => {
    const lock = tryFileLock(path);
    rmSync(path);
    const other = tryFileLock(path);
    expect(other).toBeDefined();
    lock?.release();
    expect(tryFileLock(path)).toBeUndefined();
    other?.release();
  });

  test('is waited for, and the wait can be cancelled', async () => {
    const lock = tryFileLock(path);
    const controller = new AbortController();
    const cancelled = acquireFileLock(path, { signal: controller.signal });
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    const waiting = acquireFileLock(path);
    lock?.release({ remove: true });
    await using _next = await waiting;
    expect(tryFileLock(path)).toBeUndefined();
  });

  test('needs a directory', async () => {
    await expect(acquireFileLock(join(directory, 'no', 'lock'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('goes with the process that held it, whatever ended it', async () => {
    await using child = startNode(
      `keep(locks.tryFileLock(${JSON.stringify(path)})); console.log('held'); process.stdin.resume();`,
      lockModule,
    );
    expect(await child.line()).toBe('held');
    expect(tryFileLock(path)).toBeUndefined();
    await child.kill();
    const lock = tryFileLock(path);
    expect(lock).toBeDefined();
    lock?.release();
  });

  test('keeps processes apart while each removes the file when it is done', async () => {
    const marker = join(directory, 'inside');
    const script = `
      import { rmSync, writeFileSync } from 'node:fs';
      for (let round = 0; round < 60; round++) {
        const lock = await locks.acquireFileLock(${JSON.stringify(path)});
        writeFileSync(${JSON.stringify(marker)}, '', { flag: 'wx' });
        if (round % 7 === 0) await new Promise(setImmediate);
        rmSync(${JSON.stringify(marker)});
        lock.release({ remove: round % 5 !== 0 });
      }`;
    const children = Array.from({ length: 3 }, () => startNode(script, lockModule));
    await Promise.all(children.map((child) => child.done()));
    expect(existsSync(marker)).toBe(false);
  });
});
