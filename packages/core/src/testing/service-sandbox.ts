import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeHasher } from '../bytes/node-hasher.ts';
import type { Clock } from '../clock.ts';
import { FsBlobStore } from '../content/fs-blob-store.ts';
import type { Digest } from '../digest.ts';
import { readPushedDocument } from '../engine/service/registry-documents.ts';
import { openStore } from '../engine/store/open-store.ts';
import type { Store } from '../engine/store/store.ts';
import { SqliteMetadataStore } from '../metadata/sqlite-metadata-store.ts';

export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';
const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar';

/** A clock that stands still until a test moves it. */
export class HeldClock implements Clock {
  ms = Date.parse('2026-06-01T00:00:00Z');
  now = () => new Date(this.ms);
  sleep = async (ms: number) => {
    this.ms += ms;
  };
  pass(ms: number): void {
    this.ms += ms;
  }
}

/** A document as it is pushed. */
export interface PushedBytes {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** Stores over one temporary root, with a clock of their own. */
export class ServiceSandbox implements Disposable {
  readonly clock = new HeldClock();
  readonly root = mkdtempSync(join(tmpdir(), 'wherry-service-'));
  readonly #stores: Store[] = [];

  /** Opens the root once more, as another process would. */
  store(): Store {
    const base = openStore(this.root);
    const metadata = SqliteMetadataStore.open(this.root, { clock: this.clock });
    const blobs = new FsBlobStore(this.root, { createHasher: () => new NodeHasher(), clock: this.clock });
    base.metadata.close();
    const store: Store = { ...base, blobs, metadata, close: () => metadata.close() };
    this.#stores.push(store);
    return store;
  }

  [Symbol.dispose](): void {
    for (const store of this.#stores) store.close();
    rmSync(this.root, { recursive: true, force: true });
  }
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/** Stores a blob as an upload does: touched before it is there. */
export async function putBlob(store: Store, bytes: Uint8Array): Promise<Digest> {
  const digest = digestOf(bytes);
  store.metadata.touch(digest);
  await using writer = await store.blobs.begin(digest, { digest, size: bytes.length });
  if (writer.offset === 0 && !writer.exists) await writer.write(bytes);
  await writer.commit();
  return digest;
}

/** An image of one layer, whose bytes are `text`. */
export function imageOf(text: string, subject?: PushedBytes): { readonly blobs: Uint8Array[] } & PushedBytes {
  const config = Buffer.from(JSON.stringify({ config: text }));
  const layer = Buffer.from(text);
  return {
    blobs: [config, layer],
    ...documentOf({
      mediaType: MANIFEST_TYPE,
      config: describe(CONFIG_TYPE, config),
      layers: [describe(LAYER_TYPE, layer)],
      ...(subject && { subject: describe(subject.mediaType, subject.bytes) }),
    }),
  };
}

export function indexOf(...manifests: PushedBytes[]): PushedBytes {
  return documentOf({
    mediaType: INDEX_TYPE,
    manifests: manifests.map(({ mediaType, bytes }) => describe(mediaType, bytes)),
  });
}

function documentOf(content: { readonly mediaType: string } & Record<string, unknown>): PushedBytes {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...content }));
  return { digest: digestOf(bytes), bytes, mediaType: content.mediaType };
}

function describe(mediaType: string, bytes: Uint8Array) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** Pushes a document, after the blobs it names where there are any. */
export async function pushDocument(
  store: Store,
  repository: string,
  document: PushedBytes & { readonly blobs?: readonly Uint8Array[] },
  ...tags: string[]
): Promise<void> {
  for (const bytes of document.blobs ?? []) await putBlob(store, bytes);
  await putBlob(store, document.bytes);
  const { required, subject } = readPushedDocument(document.bytes, document.mediaType);
  const children = [...required.map(({ digest }) => digest), ...(subject ? [subject] : [])];
  const { mediaType, digest, bytes } = document;
  store.metadata.putManifest(
    repository,
    { descriptor: { mediaType, digest, size: bytes.length }, children },
    tags,
  );
}
