import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { tocPath } from '../../content/store-paths.ts';
import { EngineSandbox } from '../../testing/engine-sandbox.ts';
import { openPlainTar } from './plain-tar.ts';

test('gives pieces of a layer that is stored as it is, also once it is removed', async () => {
  await using sandbox = new EngineSandbox();
  const path = join(sandbox.directory, 'context');
  mkdirSync(path);
  writeFileSync(join(path, 'Dockerfile'), 'FROM scratch\nCOPY a b /\n');
  for (const name of ['a', 'b']) writeFileSync(join(path, name), `what is in ${name}`);
  await sandbox.engine().build({ context: { kind: 'directory', path } });
  const store = sandbox.store();
  const { digest } = store.metadata.listBuildCache()[0]!.layer!;

  using tar = openPlainTar(store, digest)!;
  const blob = store.blobs.pathOf(digest);
  const toc = tocPath(store.root, digest);
  store.blobs.deleteSync(digest);
  const found = [...tar.entries].map(({ name, dataOffset, size }) => [
    Buffer.from(name).toString(),
    Buffer.from(tar.read(dataOffset, size)).toString(),
  ]);
  expect(found).toEqual([
    ['a', 'what is in a'],
    ['b', 'what is in b'],
  ]);
  expect(tar.read(1 << 20, 5)).toHaveLength(0);
  expect(openPlainTar(store, digest)).toBeUndefined();

  writeFileSync(blob, gzipSync('packed'));
  expect(openPlainTar(store, digest)).toBeUndefined();
  writeFileSync(toc, '');
  expect(openPlainTar(store, digest)).toBeUndefined();
});
