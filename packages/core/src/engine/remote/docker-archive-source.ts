import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WherryError } from '../../errors.ts';
import type { ImageFacts } from '../../metadata/metadata-store.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Platform } from '../../platform.ts';
import { familiarName, formatReference, parseReference, withDefaultTag } from '../../reference.ts';
import type { LoadedImage } from '../engine.ts';
import { type SealDeps, sealImage } from '../layers/seal.ts';
import { load } from '../load.ts';
import { MAX_MANIFEST_BYTES, readOwnDocument } from '../store/documents.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { wholeContent } from '../store/whole-content.ts';
import type { CopySource } from './copy-ends.ts';

const SHOWN_NAMES = 10;

export interface DockerArchiveDeps extends Pick<SealDeps, 'passes'> {
  readonly host: Platform;
  readonly jobs: number;
}

/**
 * An image of a `docker save`, of any age: the one called `name`, or the only one. Its layers have digests when
 * they are packed, so the archive is loaded into a store of its own, in the system's directory for temporary
 * files, which goes with the source.
 */
export async function dockerArchiveSource(
  deps: DockerArchiveDeps,
  file: string,
  name: string | undefined,
  signal: AbortSignal,
): Promise<CopySource> {
  await using clean = new AsyncDisposableStack();
  const root = await mkdtemp(join(tmpdir(), 'wherry-copy-'));
  clean.defer(() => rm(root, { recursive: true, force: true }));
  const store = clean.adopt(openStore(root), (opened) => opened.close());
  const loaded = await load({ ...deps, store, now: () => new Date() }, { from: file }, { signal });
  const target = await targetOf({ ...deps, store }, chosenImage(loaded, file, name), signal);
  const kept = clean.move();
  return {
    root: () => document(store, target),
    document: (descriptor) => document(store, descriptor),
    blob: ({ digest }, range) => store.blobs.read(digest, range),
    referrers: async () => [],
    tagged: async () => undefined,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function document(store: Store, descriptor: Descriptor) {
  const { mediaType, digest } = descriptor;
  const bytes = await readOwnDocument(store.blobs, digest, MAX_MANIFEST_BYTES);
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}

function chosenImage(loaded: readonly LoadedImage[], file: string, name: string | undefined): LoadedImage {
  const wanted = name === undefined ? undefined : formatReference(withDefaultTag(parseReference(name)));
  const found = loaded.filter(
    ({ ref }) => wanted === undefined || (ref !== undefined && formatReference(ref) === wanted),
  );
  const [image] = found;
  const isOne = new Set(found.map(({ id }) => id)).size === 1;
  if (image && isOne) return image;
  const names = loaded.flatMap(({ ref }) => (ref ? [familiarName(ref)] : []));
  const shown = names.slice(0, SHOWN_NAMES).join(', ');
  throw new WherryError(
    'IMAGE_UNKNOWN',
    image ? `${file} holds several images` : `${file} holds no image called ${JSON.stringify(name ?? '')}`,
    shown === '' ? {} : { hint: `name one of its images behind a colon: ${shown}` },
  );
}

/** What the image's name stands for, when all of it is there, else its manifest; its layers packed. */
async function targetOf(deps: SealDeps, image: LoadedImage, signal: AbortSignal): Promise<Descriptor> {
  const { store } = deps;
  const facts: ImageFacts | undefined = store.metadata.findImage(image.id);
  if (!facts) throw new Error(`image ${image.id} was loaded and is not there`);
  const sealed = await sealImage(deps, facts, { hold: () => {}, emit: () => {}, signal });
  if (sealed) return sealed.manifest;
  const target = (image.ref && store.metadata.findName(image.ref)?.target) ?? facts.manifest;
  return (await wholeContent(store.blobs, target)) ? target : facts.manifest;
}
