import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../digest.ts';
import { createTestHasher } from '../testing/blob-store-suite.ts';
import type { NodeChild } from '../testing/node-child.ts';
import { startNode } from '../testing/node-child.ts';
import { FsBlobStore } from './fs-blob-store.ts';

const HELLO = Buffer.from('hello, harbour');
const DIGEST = `sha256:${createHash('sha256').update(HELLO).digest('hex')}` as Digest;

let root: string;
let store: FsBlobStore;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wherry-processes-'));
  store = new FsBlobStore(root, { createHasher: createTestHasher });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Another process with `store` on the same root, and `open(key)` for a writer of the greeting. */
function startWriter(script: string): NodeChild {
  const prelude = `
    import { createHash } from 'node:crypto';
    const createHasher = () => {
      const hash = createHash('sha256');
      return { update: (chunk) => hash.update(chunk), digest: () => 'sha256:' + hash.digest('hex') };
    };
    const store = new content.FsBlobStore(${JSON.stringify(root)}, { createHasher });
    const hello = Buffer.from('hello, harbour');
    const open = async (key) => keep(await store.begin(key, { digest: '${DIGEST}', size: hello.length }));
  `;
  return startNode(prelude + script, { content: new URL('./fs-blob-store.ts', import.meta.url) });
}

describe('processes that share a store', () => {
  test('take over the key and the bytes of one that was killed', async () => {
    await using child = startWriter(`
      const writer = await open('k');
      await writer.write(hello.subarray(0, 5));
      console.log('written');
      process.stdin.resume();
    `);
    expect(await child.line()).toBe('written');
    const taking = store.begin('k', { digest: DIGEST, size: HELLO.length });
    expect((await store.ingests()).map(({ key, bytes }) => ({ key, bytes }))).toEqual([
      { key: 'k', bytes: 5 },
    ]);
    expect(await store.removeStaleIngests(-1000)).toEqual([]);
    await child.kill();
    await using writer = await taking;
    expect(writer.offset).toBe(5);
    await writer.write(HELLO.subarray(5));
    expect(await writer.commit()).toEqual({ digest: DIGEST, size: HELLO.length });
  });

  test('race for one key: one writes, the others find the blob', async () => {
    const children = Array.from({ length: 3 }, () =>
      startWriter(`
        const writer = await open('k');
        if (!writer.exists) await writer.write(hello.subarray(writer.offset));
        await writer.commit();
        console.log(writer.exists ? 'found' : 'written');
      `),
    );
    const outcomes = await Promise.all(children.map((child) => child.line()));
    await Promise.all(children.map((child) => child.done()));
    expect(outcomes.sort()).toEqual(['found', 'found', 'written']);
    expect(await store.ingests()).toEqual([]);
  });

  test.each([
    { name: 'before the blob is in its place', when: 'die()', isThere: false },
    { name: 'right after', when: 'await rename(...names); die()', isThere: true },
  ])('go on from a commit that was killed $name', async ({ when, isThere }) => {
    await using child = startWriter(`
      import files from 'node:fs/promises';
      import { syncBuiltinESMExports } from 'node:module';
      const rename = files.rename;
      const die = () => process.kill(process.pid, 'SIGKILL');
      files.rename = async (...names) => { ${when} };
      syncBuiltinESMExports();
      const writer = await open('k');
      await writer.write(hello);
      await writer.commit();
    `);
    await expect(child.done()).rejects.toThrow('SIGKILL');
    expect((await store.stat(DIGEST)) !== undefined).toBe(isThere);
    await using writer = await store.begin('k', { digest: DIGEST, size: HELLO.length });
    expect(writer).toMatchObject({ exists: isThere, offset: isThere ? 0 : HELLO.length });
    await writer.commit();
    expect(readFileSync(store.pathOf(DIGEST))).toEqual(HELLO);
    expect(await store.ingests()).toEqual([]);
  });
});
