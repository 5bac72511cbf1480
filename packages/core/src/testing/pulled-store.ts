import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../engine/engine.ts';
import { hostPlatform } from '../platform.ts';
import type { Reference } from '../reference.ts';
import { EngineSandbox, nameAt, serveDocument, serveImage } from './engine-sandbox.ts';
import { makeImageFixture, makeIndexFixture } from './image-fixtures.ts';
import { type MemoryRegistry, startMemoryRegistry } from './memory-registry.ts';

const HOST = hostPlatform(process.platform, process.arch);

/** The image that a `PulledStore` has, of two layers. */
export const PULLED_IMAGE = makeImageFixture({
  platform: HOST,
  layers: [{ base: 'base' }, { app: 'app' }],
});
/** The index it came in. */
export const PULLED_INDEX = makeIndexFixture([{ fixture: PULLED_IMAGE, platform: HOST }]);

/** A store with one image that came in an index. */
export interface PulledStore extends AsyncDisposable {
  readonly sandbox: EngineSandbox;
  readonly registry: MemoryRegistry;
  readonly engine: Engine;
  readonly ref: Reference;
}

/** Pulls the image into a store of its own. Close it with `await using`. */
export async function pulled(): Promise<PulledStore> {
  const registry = await startMemoryRegistry();
  const sandbox = new EngineSandbox();
  serveImage(registry, 'team/app', '', PULLED_IMAGE);
  serveDocument(registry, 'team/app', '1', PULLED_INDEX);
  const ref = nameAt(registry, 'team/app:1');
  const engine = sandbox.engine();
  await engine.pull({ ref });
  const dispose = async () => {
    await sandbox[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  };
  return { sandbox, registry, engine, ref, [Symbol.asyncDispose]: dispose };
}

/** Deletes the metadata under an engine, and opens another. */
export async function loseMetadata({
  sandbox,
  engine,
}: Pick<PulledStore, 'sandbox' | 'engine'>): Promise<Engine> {
  await engine.close();
  for (const end of ['', '-wal', '-shm']) rmSync(join(sandbox.root, `metadata.db${end}`), { force: true });
  return sandbox.engine();
}
