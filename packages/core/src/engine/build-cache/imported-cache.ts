import type { ImportedStep } from '../../build/cache/build-cache.ts';
import type { Digest } from '../../digest.ts';
import { isWherryError, throwIfCancelled } from '../../errors.ts';
import type { LayerRecord } from '../../metadata/metadata-store.ts';
import type { Reference } from '../../reference.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import type { BuildCachePlace } from '../build-request.ts';
import { fetchLayer } from '../layers/layer-fetch.ts';
import type { SealDeps } from '../layers/seal.ts';
import type { CopySource } from '../remote/copy-ends.ts';
import { layerVariant } from '../store/layer-variant.ts';
import type { SharedStep } from './cache-document.ts';
import { type CacheContent, cacheSource, placeName, readCache } from './cache-place.ts';

export interface ImportDeps extends SealDeps {
  readonly registry: () => Promise<RegistryClient>;
  /** Keeps digests from the sweep until the build is over. */
  readonly hold: (digest: Digest) => void;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}

/** What a layer of a layout is said to be of: nobody is asked for it. */
const NO_REPOSITORY: Reference = { domain: 'localhost', path: 'cache' };

interface OpenedCache extends CacheContent {
  readonly source: CopySource;
  readonly byKey: ReadonlyMap<string, SharedStep>;
}

/**
 * A cache outside of the store. It is opened when somebody first asks, and of its layers those alone are fetched that
 * a step has a use for. One that cannot be read is a warning, once, and has nothing from then on.
 */
export class ImportedCache implements AsyncDisposable {
  readonly #place: BuildCachePlace;
  readonly #deps: ImportDeps;
  #opened: Promise<OpenedCache | undefined> | undefined;
  #isBroken = false;

  constructor(place: BuildCachePlace, deps: ImportDeps) {
    this.#place = place;
    this.#deps = deps;
  }

  /** Throws `CANCELLED`, `NO_SPACE`. */
  async find(key: string): Promise<ImportedStep | undefined> {
    if (this.#isBroken) return undefined;
    this.#opened ??= this.#tried(() => this.#open());
    const opened = await this.#opened;
    const step = opened?.byKey.get(key);
    if (opened === undefined || step === undefined) return undefined;
    const found = { kind: step.kind, origin: placeName(this.#place) };
    const { layer: diffID } = step;
    if (diffID === undefined) return found;
    const record = await this.#tried(() => this.#fetch(opened, diffID));
    if (record === undefined) return undefined;
    const { digest, size } = record;
    return { ...found, layer: { diffID, digest, size } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#opened?.catch(() => undefined))?.source[Symbol.asyncDispose]();
  }

  async #open(): Promise<OpenedCache> {
    const { registry, signal } = this.#deps;
    const source = await cacheSource(this.#place, registry, signal);
    const content = await readCache(source);
    return { ...content, source, byKey: new Map(content.steps.map((step) => [step.key, step])) };
  }

  async #fetch({ source, layers }: OpenedCache, diffID: Digest): Promise<LayerRecord> {
    const { store, passes, hold, signal } = this.#deps;
    const descriptor = layers.get(diffID);
    if (descriptor === undefined) throw new Error('a cache names its own layers');
    const here = await layerVariant(store, { digest: descriptor.digest, diffID });
    hold(here?.digest ?? descriptor.digest);
    // Asked again under the lease: a sweep may have come between.
    if (here && (await store.blobs.stat(here.digest))) return here;
    hold(descriptor.digest);
    const repository = source.repository ?? NO_REPOSITORY;
    const registry: Pick<RegistryClient, 'getBlob'> = {
      getBlob: (_, wanted, range) => source.blob(wanted, range),
    };
    const wanted = { repository, descriptor, diffID };
    const record = await fetchLayer({ store, passes, registry }, wanted, () => undefined, signal);
    if (source.repository) store.metadata.addBlobLocation(descriptor.digest, source.repository);
    return record;
  }

  async #tried<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      throwIfCancelled(this.#deps.signal);
      if (!isWherryError(error) || error.code === 'CANCELLED' || error.code === 'NO_SPACE') throw error;
      if (!this.#isBroken) this.#deps.warn(`cache ${placeName(this.#place)}: ${error.message}`);
      this.#isBroken = true;
      return undefined;
    }
  }
}
