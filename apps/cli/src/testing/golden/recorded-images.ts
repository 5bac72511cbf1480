import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { GOLDEN, HAS_GOLDEN } from './cases.ts';

/** A manifest or index as the recorded registry held it. */
export interface RecordedManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

interface Descriptor {
  readonly digest: string;
  readonly mediaType: string;
  readonly platform?: object;
}

interface ManifestDocument {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}

/** What the recordings had: `<repository>:<tag>` to the manifest's digest and media type. */
export const RECORDED_TAGS: Readonly<Record<string, Descriptor>> = HAS_GOLDEN
  ? JSON.parse(readFileSync(new URL('fixtures/registry/index.json', GOLDEN), 'utf8'))
  : {};

const BLOBS = new Map<string, Buffer>();

export function readBlob(digest: string): Buffer {
  const name = digest.slice(digest.indexOf(':') + 1);
  const blob = BLOBS.get(name) ?? readFileSync(new URL(`fixtures/registry/blobs/${name}`, GOLDEN));
  BLOBS.set(name, blob);
  return blob;
}

/** All manifests, and the indexes, by digest. */
const MANIFESTS: ReadonlyMap<string, RecordedManifest> = new Map(
  Object.values(RECORDED_TAGS)
    .map(({ digest, mediaType }) => ({ digest, mediaType, bytes: readBlob(digest) }))
    .map((manifest) => [manifest.digest, manifest]),
);

/** The manifest or index that a digest, which may be cut short, begins. */
export function findManifest(digest: string): RecordedManifest | undefined {
  return [...MANIFESTS.values()].find((manifest) => manifest.digest.startsWith(digest));
}

export function documentOf({ bytes }: RecordedManifest): ManifestDocument {
  return JSON.parse(bytes.toString('utf8')) as ManifestDocument;
}

export interface RecordedImage {
  /** `sha256:…`, the digest of the config. */
  readonly id: string;
  readonly manifest: RecordedManifest;
  readonly config: Buffer;
  /** Of the layers as the registry has them. */
  readonly layers: readonly string[];
  readonly diffIDs: readonly string[];
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
}

export const RECORDED_IMAGES: readonly RecordedImage[] = [...MANIFESTS.values()].flatMap((manifest) => {
  const { config, layers = [] } = documentOf(manifest);
  if (config === undefined) return [];
  const bytes = readBlob(config.digest);
  const { rootfs, os, architecture, variant } = JSON.parse(bytes.toString('utf8'));
  return {
    id: config.digest,
    manifest,
    config: bytes,
    layers: layers.map(({ digest }) => digest),
    diffIDs: rootfs.diff_ids,
    platform: { os, architecture, ...(variant && { variant }) },
  };
});

/** The image that a line of `state_before` tells of. */
export function findImage(shortId: string): RecordedImage | undefined {
  return RECORDED_IMAGES.find(({ id }) => id.startsWith(`sha256:${shortId}`));
}

export function isRecordedImage(stateLine: string): boolean {
  return findImage(stateLine.slice(0, stateLine.indexOf(' '))) !== undefined;
}

const PLAIN = new Map<string, Buffer>();

/** The layers' tars, base first; the same buffer for the same layer. */
export function plainLayers({ layers }: RecordedImage): Buffer[] {
  return layers.map((digest) => {
    const tar = PLAIN.get(digest) ?? gunzipSync(readBlob(digest));
    PLAIN.set(digest, tar);
    return tar;
  });
}

/** The digests, in hex, that are the same in every run: of manifests, configs, layers and their stacks. */
export const LASTING_DIGESTS: readonly string[] = [
  ...MANIFESTS.keys(),
  ...RECORDED_IMAGES.flatMap(({ id, layers, diffIDs }) => [id, ...layers, ...diffIDs, ...chainIDs(diffIDs)]),
].map((digest) => digest.slice('sha256:'.length));

function chainIDs(diffIDs: readonly string[]): string[] {
  const chain: string[] = [];
  for (const diffID of diffIDs) {
    const below = chain.at(-1);
    const hash = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
    chain.push(below === undefined ? diffID : hash(`${below} ${diffID}`));
  }
  return chain;
}
