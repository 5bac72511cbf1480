import type { ByteSource } from '../bytes/byte-source.ts';
import type { Digest } from '../digest.ts';
import type { StoredDocument } from '../image/build-image.ts';
import type { TarEdit } from '../layer/revise-layer.ts';
import type { TocEntry } from '../layer/toc-format.ts';
import type { TocIndex } from '../layer/toc-index.ts';
import type { Platform } from '../platform.ts';
import type { SnapshotLease } from '../rootfs/snapshots/snapshot.ts';
import type { BuildEventSink, StepName } from './build-event.ts';
import type { BuildCache } from './cache/build-cache.ts';
import type { CopyOrigin } from './copy/copy-request.ts';
import type { PlainTar } from './copy/earlier-contents.ts';
import type { ChangedFiles, RunDeps } from './run/run-step.ts';
import type { SourceTree } from './source-tree.ts';

/** A layer of the store. */
export interface StageLayer {
  readonly diffID: Digest;
  /** Of the blob. */
  readonly digest: Digest;
  /** Bytes of the blob. */
  readonly size: number;
}

/** A layer that is known, and on its way into the store. */
export interface ComingLayer {
  /** Absent: the tar has no entries. */
  readonly layer?: StageLayer;
  /** Settles when it is there, or cannot be; somebody must look at it. */
  readonly stored: Promise<unknown>;
}

/** An image that a stage stands on, or that files come from. */
export interface BaseImage {
  readonly id: Digest;
  /** Its config, as it is stored. */
  readonly bytes: Uint8Array;
  readonly platform: Platform;
  readonly layers: readonly StageLayer[];
}

/** An image that a step made: to be recorded when the build is over. */
export interface StepImage {
  readonly document: StoredDocument;
  readonly layers: readonly StageLayer[];
  /** The image before it in its stage. */
  readonly parent?: Digest;
}

/** What a build's steps need from a store and its surroundings. */
export interface BuildDeps {
  /** Where RUN runs, and what stages are for when nobody says otherwise. */
  readonly host: Platform;
  /** Finds an image, or fetches it. Throws what a pull throws. */
  base(text: string, platform: Platform, step: StepName): Promise<BaseImage>;
  /** A named context; absent: the build's own. */
  context(name?: string): Promise<SourceTree>;
  /** What a named context stands for, where it is an image. */
  namedImage(name: string): string | undefined;
  /** Fetches a file behind a URL, or a git repository, for ADD; `undefined`: the source is neither. */
  remote(source: string, options: RemoteOptions): Promise<CopyOrigin | undefined>;
  /** Stores a layer of about so many bytes, where that is known; `undefined`: the tar has no entries. */
  storeLayer(tar: ByteSource, bytes?: number): Promise<StageLayer | undefined>;
  /**
   * The same, without waiting for the disk: the tar has been read, and whoever asks for what is in the layer waits
   * until it is there.
   */
  beginLayer(tar: ByteSource): Promise<ComingLayer>;
  /**
   * Stores a layer that is an earlier one but for what `editsOf` says of its entries; `undefined`: that one is not here
   * as a plain tar, or damaged, or nothing is to come of it.
   */
  reviseLayer(
    earlier: Pick<StageLayer, 'digest'>,
    editsOf: (toc: TocIndex) => Promise<AsyncIterable<TarEdit> | undefined>,
  ): Promise<StageLayer | undefined>;
  layerEntries(layer: StageLayer): Promise<readonly TocEntry[]>;
  /** The layer's tar, uncompressed. */
  layerTar(layer: StageLayer): ByteSource;
  /** The layer's tar, if its blob is that as it is; `undefined`: it is packed, or gone. */
  openPlainTar(layer: Pick<StageLayer, 'digest'>): PlainTar | undefined;
  /** Tells whether an image is here already, so that a step that makes it again made nothing new. */
  isKnown(image: Digest): boolean;
  /** Takes an image to be recorded. */
  keep(image: StepImage): void;
  readonly cache: BuildCache;
  /** What RUN needs; found when the first one comes. Throws `UNSUPPORTED` where nothing for the platform runs. */
  runner(platform: Platform): Promise<StepRunner>;
  readonly emit: BuildEventSink;
  readonly signal: AbortSignal;
}

export interface RemoteOptions {
  readonly destination: string;
  readonly checksum?: string;
  readonly keepsGitDirectory?: boolean;
}

export interface StepRunner {
  readonly deps: RunDeps;
  /** Has layers unpacked, base first, that are in the store or were adopted. */
  unpack(layers: readonly StageLayer[]): Promise<SnapshotLease>;
  /** Takes what a step wrote for its layer, unpacked; `false`: the layer has to be unpacked after all. */
  adopt(layer: StageLayer, files: ChangedFiles): Promise<boolean>;
  readonly secrets: (id: string) => Promise<Uint8Array | undefined>;
  /** The socket of an agent. */
  readonly agent: (id: string) => Promise<string | undefined>;
}
