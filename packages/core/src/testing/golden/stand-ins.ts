import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { readTar } from '../../tar/reader.ts';
import { tarOf } from '../tar-fixtures.ts';
import {
  chainIDs,
  type ManifestDocument,
  type RecordedImages,
  type RegistryContent,
  sha256,
} from './recorded-images.ts';

/**
 * What is known of the images of a recording, without what their layers hold: enough to make others that show
 * the same names, dates, histories and sizes. All digests are the recorded ones.
 */
export interface ImageFacts {
  readonly tags: RegistryContent['tags'];
  /** By digest: the lines of each as its maker wrote it, because a push prints how many bytes it has. */
  readonly manifests: Readonly<Record<string, readonly string[]>>;
  readonly configs: Readonly<Record<string, ConfigFacts>>;
  readonly layers: Readonly<Record<string, LayerFacts>>;
}

interface ConfigFacts {
  /** Makes the stand-in's ID begin as the recorded one does, so that prefixes of it mean the same. */
  readonly salt: number;
  readonly document: ConfigDocument;
}

interface ConfigDocument {
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

interface LayerFacts {
  readonly diffID: string;
  /** Of the blob. */
  readonly bytes: number;
  readonly tarBytes: number;
  /** Of the files in it, where a symbolic link has the bytes of its target. */
  readonly fileBytes: number;
}

/** Digits at the beginning of an ID that a stand-in shares with what it stands for. */
const SHARED_DIGITS = 4;
/** How much of a blob is left to its header and to what comes out a little longer. */
const SLACK_BYTES = 4096;
const GZIP_HEADER_BYTES = 10;
/** The flag of a comment in the header. RFC 1952, section 2.3.1. */
const GZIP_COMMENT = 0x10;
const GZIP_FLAGS_AT = 3;

/** Reads off images what stand-ins for them need. */
export async function factsOf(images: RecordedImages): Promise<ImageFacts> {
  const text = (digest: string) => images.readBlob(digest).toString('utf8');
  const manifests = [...new Set(Object.values(images.tags).map(({ digest }) => digest))];
  const layers = images.all.flatMap((image) =>
    image.layers.map((digest, at) => ({ digest, diffID: image.diffIDs[at] ?? '' })),
  );
  const facts = {
    tags: images.tags,
    manifests: Object.fromEntries(manifests.map((digest) => [digest, text(digest).split('\n')])),
    layers: Object.fromEntries(
      await Promise.all(
        layers.map(async ({ digest, diffID }) => [digest, await layerFacts(diffID, images.readBlob(digest))]),
      ),
    ) as ImageFacts['layers'],
  };
  const { diffIDs } = makeLayers(facts.layers);
  const configs = images.all.map(({ id }) => {
    const document = JSON.parse(text(id)) as ConfigDocument;
    return [id, { salt: findSalt(document, id, diffIDs), document }];
  });
  return { ...facts, configs: Object.fromEntries(configs) };
}

async function layerFacts(diffID: string, blob: Buffer): Promise<LayerFacts> {
  const tar = gunzipSync(blob);
  let fileBytes = 0;
  for await (const { entry } of readTar(Readable.from([tar])))
    fileBytes += entry.type === 'symlink' ? (entry.link?.length ?? 0) : entry.size;
  return { diffID, bytes: blob.length, tarBytes: tar.length, fileBytes };
}

function findSalt(document: ConfigDocument, id: string, diffIDs: Renames): number {
  const wanted = id.slice('sha256:'.length, 'sha256:'.length + SHARED_DIGITS);
  // The salt comes last: what stands before it is hashed once.
  const text = makeConfig({ salt: 0, document }, diffIDs).toString('utf8');
  const before = createHash('sha256').update(text.slice(0, -'0}'.length));
  for (let salt = 0; ; salt++)
    if (before.copy().update(`${salt}}`).digest('hex').startsWith(wanted)) return salt;
}

/** Makes a registry's content that the facts are true of. */
export function makeStandIns(facts: ImageFacts): RegistryContent {
  const { blobs, renames, diffIDs } = makeLayers(facts.layers);
  const add = (recorded: string, bytes: Buffer) => {
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    renames.set(recorded, digest);
  };
  for (const [id, config] of Object.entries(facts.configs)) add(id, makeConfig(config, diffIDs));
  const texts = Object.entries(facts.manifests).map(([digest, lines]) => ({
    digest,
    text: lines.join('\n'),
  }));
  // An index names manifests, so it comes after them.
  for (const { digest, text } of texts.sort((a, b) => Number(isIndex(a.text)) - Number(isIndex(b.text))))
    add(digest, Buffer.from(withStandIns(text, renames, blobs)));
  for (const { document } of Object.values(facts.configs)) {
    const recorded = document.rootfs.diff_ids;
    const stacks = chainIDs(recorded.map((diffID) => diffIDs.get(diffID) ?? diffID));
    for (const [at, stack] of chainIDs(recorded).entries()) renames.set(stack, stacks[at] ?? stack);
  }
  const hex = (digest: string) => digest.slice('sha256:'.length);
  return {
    tags: Object.fromEntries(
      Object.entries(facts.tags).map(([name, tag]) => [
        name,
        { ...tag, digest: renames.get(tag.digest) ?? '' },
      ]),
    ),
    readBlob: (digest) => {
      const blob = blobs.get(digest);
      if (blob === undefined) throw new Error(`no stand-in ${digest}`);
      return blob;
    },
    standsFor: new Map([...renames].map(([recorded, standIn]) => [hex(standIn), hex(recorded)])),
  };
}

/** Recorded digests, each with its stand-in. */
type Renames = ReadonlyMap<string, string>;

function makeLayers(layers: ImageFacts['layers']) {
  const blobs = new Map<string, Buffer>();
  const renames = new Map<string, string>();
  const diffIDs = new Map<string, string>();
  for (const [recorded, facts] of Object.entries(layers)) {
    const tar = makeLayer(recorded, facts);
    const blob = packedTo(facts.bytes, tar);
    blobs.set(sha256(blob), blob);
    renames.set(recorded, sha256(blob)).set(facts.diffID, sha256(tar));
    diffIDs.set(facts.diffID, sha256(tar));
  }
  return { blobs, renames, diffIDs };
}

/** One file, as much of it noise as packs to nearly the wanted size; blocks of zeros may follow a tar's end. */
function makeLayer(digest: string, { bytes, fileBytes, tarBytes }: LayerFacts): Uint8Array {
  const noise = Math.min(fileBytes, Math.max(0, bytes - SLACK_BYTES));
  const content = Buffer.alloc(fileBytes);
  if (noise > 0) createHash('shake256', { outputLength: noise }).update(digest).digest().copy(content);
  // Layers of the same size are not the same layer.
  const tar = tarOf({ name: digest.slice('sha256:'.length, 'sha256:'.length + 8), type: 'file', content });
  if (tar.length > tarBytes) throw new Error(`a layer has ${tar.length} bytes, want ${tarBytes}`);
  return Buffer.concat([tar], tarBytes);
}

/** Packs into just so many bytes, by a comment in the header. */
function packedTo(bytes: number, tar: Uint8Array): Buffer {
  const packed = gzipSync(tar, { level: 9 });
  const missing = bytes - packed.length;
  if (missing < 0) throw new Error(`a layer packs to ${packed.length} bytes, want ${bytes}`);
  if (missing === 0) return packed;
  const header = Buffer.from(packed.subarray(0, GZIP_HEADER_BYTES));
  header[GZIP_FLAGS_AT] = GZIP_COMMENT;
  const comment = Buffer.alloc(missing, '.');
  comment[missing - 1] = 0;
  return Buffer.concat([header, comment, packed.subarray(GZIP_HEADER_BYTES)]);
}

function makeConfig({ salt, document }: ConfigFacts, diffIDs: Renames): Buffer {
  const { rootfs } = document;
  const own = rootfs.diff_ids.map((diffID) => diffIDs.get(diffID) ?? diffID);
  return Buffer.from(JSON.stringify({ ...document, rootfs: { ...rootfs, diff_ids: own }, salt }));
}

function isIndex(manifest: string): boolean {
  return 'manifests' in JSON.parse(manifest);
}

/** A manifest or index of what the descriptors' stand-ins are; only a config has another size. */
function withStandIns(text: string, renames: Renames, blobs: ReadonlyMap<string, Buffer>): string {
  const { config } = JSON.parse(text) as ManifestDocument;
  const size = blobs.get(renames.get(config?.digest ?? '') ?? '')?.length;
  return text
    .replace(new RegExp(`(?<="size": *)\\d+(?=[^{}]*"${config?.digest}")`), String(size))
    .replace(/sha256:[0-9a-f]{64}/g, (digest) => renames.get(digest) ?? digest);
}
