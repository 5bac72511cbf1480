import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadBase } from '../../testing/build-context.ts';
import { EngineSandbox } from '../../testing/engine-sandbox.ts';
import { gather } from '../../testing/layer-fixtures.ts';
import { layerEntries } from './layer-entries.ts';
import { LayerRanges } from './layer-ranges.ts';

const FILES = { a: 'x'.repeat(5000), b: 'bbb', c: 'y'.repeat(70_000) };

let sandbox: EngineSandbox;
let scratch: string;
beforeEach(() => {
  sandbox = new EngineSandbox();
  scratch = mkdtempSync(join(tmpdir(), 'wherry-ranges-'));
});
afterEach(async () => {
  rmSync(scratch, { recursive: true });
  await sandbox[Symbol.asyncDispose]();
});

test.each([
  { name: 'a plain layer in any order, from its blob', uncompressed: true, order: 'cab', unpacked: 0 },
  { name: 'a packed layer from front to back', uncompressed: false, order: 'abc', unpacked: 0 },
  { name: 'a packed layer in any order, unpacked once', uncompressed: false, order: 'bcabac', unpacked: 1 },
])('reads $name', async ({ uncompressed, order, unpacked }) => {
  await loadBase(sandbox.engine(), { names: ['base:1'], layers: [FILES], uncompressed });
  const store = sandbox.store();
  const [layer] = store.metadata.allLayers();
  const entries = await layerEntries(store, layer!.digest);
  await using ranges = new LayerRanges(store, scratch);
  for (const name of order) {
    const { dataOffset, size } = entries.find((entry) => Buffer.from(entry.name).toString() === name)!;
    const content = await gather(ranges.read(layer!.digest, dataOffset, size));
    expect(content.toString()).toBe(FILES[name as 'a']);
  }
  expect(readdirSync(scratch)).toHaveLength(unpacked);
});
