import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { NodeHasher } from '../../bytes/node-hasher.ts';
import { withStorageErrors } from '../../content/storage-error.ts';
import type { Digest } from '../../digest.ts';
import { isWherryError } from '../../errors.ts';
import type { LayerFacts } from '../../layer/layer-facts.ts';
import { type EarlierTar, reviseLayer, type TarEdit } from '../../layer/revise-layer.ts';
import type { TocIndex } from '../../layer/toc-index.ts';
import type { Store } from '../store/store.ts';
import { openPlainTar } from './plain-tar.ts';
import { publishLayer } from './store-layer.ts';

export interface ReviseLayerOptions {
  /** Gets what the layer turned out to be before its blob is visible. */
  readonly hold: (facts: LayerFacts) => void;
  readonly signal: AbortSignal;
}

/** What is to become of a layer with these entries; `undefined`: it is no use. */
export type LayerEdits = (toc: TocIndex) => Promise<AsyncIterable<TarEdit> | undefined>;

/**
 * Puts a layer into the store that is another one of it but for some entries. `undefined`: that one is gone, is no
 * plain tar, is damaged, or `editsOf` has no use for it. Throws what the edits' bodies throw, `CANCELLED`.
 */
export async function storeRevisedLayer(
  store: Store,
  digest: Digest,
  editsOf: LayerEdits,
  options: ReviseLayerOptions,
): Promise<LayerFacts | undefined> {
  using tar = openPlainTar(store, digest);
  const earlier = tar && wholeOf(() => tar.whole(), digest);
  const edits = earlier && (await editsOf(earlier.toc));
  return edits && (await storeRevision(store, earlier, edits, options));
}

/** `undefined`: the table of contents is damaged, or another layer's. */
function wholeOf(read: () => EarlierTar, digest: Digest): EarlierTar | undefined {
  try {
    const earlier = read();
    return earlier.toc.facts.digest === digest ? earlier : undefined;
  } catch (error) {
    // Whoever needs the layer says so.
    if (isWherryError(error, 'CORRUPT')) return undefined;
    throw error;
  }
}

async function storeRevision(
  store: Store,
  earlier: EarlierTar,
  edits: AsyncIterable<TarEdit>,
  { hold, signal }: ReviseLayerOptions,
): Promise<LayerFacts | undefined> {
  await using writer = await store.blobs.begin(`layer-${randomUUID()}`, { hashedBy: 'caller', signal });
  if (writer.path === undefined) throw new Error('layers need a store with files');
  const tocPath = join(dirname(writer.path), 'toc');
  const toc: Uint8Array[] = [];
  try {
    const facts = await reviseLayer(earlier, edits, {
      write: (chunk) => writer.write(chunk),
      toc: (chunk) => toc.push(chunk),
      createHasher: () => new NodeHasher(),
      signal,
    });
    if (facts) {
      writer.flush?.();
      hold(facts);
      await withStorageErrors(`write table of contents of ${facts.digest}`, () => writeFile(tocPath, toc));
      await publishLayer(store, writer, facts, tocPath);
      return facts;
    }
  } catch (error) {
    await writer.abort();
    throw error;
  }
  await writer.abort();
  return undefined;
}
