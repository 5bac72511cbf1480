import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EngineSandbox } from '../testing/engine-sandbox.ts';
import { lookUp } from './look-up.ts';

let sandbox: EngineSandbox;
beforeEach(() => {
  sandbox = new EngineSandbox();
});
afterEach(() => sandbox[Symbol.asyncDispose]());

/** A layer of these files; a name that ends with a slash is a directory. */
function layer(name: string, files: readonly string[], opaque: readonly string[] = []) {
  const directory = join(sandbox.root, name);
  for (const file of files) {
    mkdirSync(join(directory, file.endsWith('/') ? file : join(file, '..')), { recursive: true });
    if (!file.endsWith('/')) writeFileSync(join(directory, file), '', { mode: 0o640 });
  }
  return { directory, opaque };
}

const found = async (layers: Parameters<typeof lookUp>[0], ...paths: string[]) =>
  [...(await lookUp(layers, paths)).keys()].sort();

test('a path is found in whichever layer has it, with its attributes', async () => {
  const layers = [layer('a', ['etc/hosts', 'proc/']), layer('b', ['etc/other'])];
  expect(await found(layers, 'etc', 'etc/hosts', 'etc/none', 'proc', 'sys')).toEqual([
    'etc',
    'etc/hosts',
    'proc',
  ]);
  expect((await lookUp(layers, ['etc/hosts'])).get('etc/hosts')).toMatchObject({ mode: 0o640 });
});

test('what a layer hides is not found below it', async () => {
  const base = layer('a', ['etc/hosts', 'sys/x']);
  expect(await found([base, layer('b', ['etc/new'], ['etc'])], 'etc', 'etc/hosts')).toEqual(['etc']);
  expect(await found([base, layer('c', ['bin/'], [''])], 'sys')).toEqual([]);
  const file = layer('d', ['etc']);
  expect(await found([base, file], 'etc', 'etc/hosts')).toEqual(['etc']);
  const link = layer('e', ['usr/']);
  symlinkSync('usr', join(link.directory, 'etc'));
  expect(await found([base, link], 'etc/hosts')).toEqual([]);
});
