import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** What a registry of the recording held, or what stands in for it. */
export interface RegistryContent {
  /** `<repository>:<tag>` to the manifest's digest and media type. */
  readonly tags: Readonly<Record<string, Descriptor>>;
  readBlob(digest: string): Buffer;
  /** Of stand-ins: the digests in hex, each to the recorded one that it stands for. */
  readonly standsFor: ReadonlyMap<string, string>;
}

/** A manifest or index as the registry has it. */
export interface RecordedManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface Descriptor {
  readonly digest: string;
  readonly mediaType: string;
  readonly platform?: object;
}

export interface ManifestDocument {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
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

/** Shorter prefixes are the same for a stand-in. */
const DIGEST_PREFIX = /\b[0-9a-f]{5,64}\b/g;

/** The images that every state of a recording is made of. */
export class RecordedImages {
  readonly tags: RegistryContent['tags'];
  readonly all: readonly RecordedImage[];
  readonly #content: RegistryContent;
  readonly #manifests: ReadonlyMap<string, RecordedManifest>;
  readonly #plain = new Map<string, Buffer>();
  /** Digests as the recording has them, in hex, and their stand-ins. */
  readonly #standIns: ReadonlyMap<string, string>;
  readonly #lasting: readonly string[];

  constructor(content: RegistryContent) {
    this.#content = content;
    this.tags = content.tags;
    this.#standIns = new Map([...content.standsFor].map(([standIn, recorded]) => [recorded, standIn]));
    this.#manifests = new Map(
      Object.values(content.tags).map(({ digest, mediaType }) => [
        digest,
        { digest, mediaType, bytes: content.readBlob(digest) },
      ]),
    );
    this.all = [...this.#manifests.values()].flatMap((manifest) => this.#imageOf(manifest));
    this.#lasting = [...this.#digests()].map((digest) => this.recorded(digest.replace(/^sha256:/, '')));
  }

  get areStandIns(): boolean {
    return this.#content.standsFor.size > 0;
  }

  readBlob(digest: string): Buffer {
    return this.#content.readBlob(digest);
  }

  /** The manifest or index that a digest of the recording, which may be cut short, begins; or its own digest. */
  findManifest(digest: string): RecordedManifest | undefined {
    const own = this.placed(digest);
    return [...this.#manifests.values()].find((manifest) => manifest.digest.startsWith(own));
  }

  /** The image that a line of a case's state tells of. */
  find(shortId: string): RecordedImage | undefined {
    return this.all.find(({ id }) => id.startsWith(`sha256:${this.placed(shortId)}`));
  }

  isRecorded(stateLine: string): boolean {
    return this.find(stateLine.slice(0, stateLine.indexOf(' '))) !== undefined;
  }

  /** The layers' tars, base first; the same buffer for the same layer. */
  plainLayers({ layers }: RecordedImage): Buffer[] {
    return layers.map((digest) => {
      const tar = this.#plain.get(digest) ?? gunzipSync(this.readBlob(digest));
      this.#plain.set(digest, tar);
      return tar;
    });
  }

  /** Whether these digits, in hex, are the same in every run: of a document, a layer, a stack of layers. */
  isLasting(hex: string): boolean {
    return this.#lasting.some((digest) => digest.startsWith(hex));
  }

  /** A recorded text with the digests that these images have. */
  placed(text: string): string {
    return renamed(text, this.#standIns);
  }

  /** A text of a run with the recorded digests. */
  recorded(text: string): string {
    return renamed(text, this.#content.standsFor);
  }

  #imageOf(manifest: RecordedManifest): RecordedImage[] {
    const { config, layers = [] } = documentOf(manifest);
    if (config === undefined) return [];
    const bytes = this.readBlob(config.digest);
    const { rootfs, os, architecture, variant } = JSON.parse(bytes.toString('utf8'));
    return [
      {
        id: config.digest,
        manifest,
        config: bytes,
        layers: layers.map(({ digest }) => digest),
        diffIDs: rootfs.diff_ids,
        platform: { os, architecture, ...(variant && { variant }) },
      },
    ];
  }

  *#digests(): Generator<string> {
    yield* this.#manifests.keys();
    for (const { id, layers, diffIDs, config } of this.all) {
      yield* [id, ...layers, ...diffIDs, ...chainIDs(diffIDs)];
      // A history names the checksums of what was copied.
      yield* config.toString('utf8').match(/\b[0-9a-f]{64}\b/g) ?? [];
    }
  }
}

/** The images of a recording, with all that is in them. */
export function readRegistry(directory: string): RegistryContent {
  const blobs = new Map<string, Buffer>();
  return {
    tags: JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8')),
    readBlob: (digest) => {
      const blob =
        blobs.get(digest) ?? readFileSync(join(directory, 'blobs', digest.replace(/^sha256:/, '')));
      blobs.set(digest, blob);
      return blob;
    },
    standsFor: new Map(),
  };
}

export function documentOf({ bytes }: RecordedManifest): ManifestDocument {
  return JSON.parse(bytes.toString('utf8')) as ManifestDocument;
}

/** Of each stack of layers, the base alone first. OCI image-spec v1.1, config.md "Layer ChainID". */
export function chainIDs(diffIDs: readonly string[]): string[] {
  const chain: string[] = [];
  for (const diffID of diffIDs) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffID : sha256(`${below} ${diffID}`));
  }
  return chain;
}

export function sha256(content: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** Puts for each digest, cut short or not, as many digits of the one that `names` has for it. */
export function renamed(text: string, names: ReadonlyMap<string, string>): string {
  if (names.size === 0) return text;
  return text.replace(DIGEST_PREFIX, (hex) => {
    const whole = [...names.keys()].find((digest) => digest.startsWith(hex));
    return names.get(whole ?? '')?.slice(0, hex.length) ?? hex;
  });
}
