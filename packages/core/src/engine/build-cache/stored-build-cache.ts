import { existsSync } from 'node:fs';
import type { BuildCache, NewStep, StepRecord } from '../../build/cache/build-cache.ts';
import { stepKey } from '../../build/cache/step-key.ts';
import type { StepFile, StepInputs } from '../../build/step-inputs.ts';
import { isWherryError } from '../../errors.ts';
import type { Lease } from '../../metadata/metadata-store.ts';
import type { Store } from '../store/store.ts';
import { claimStep } from './build-scratch.ts';
import { FileLists, type PackedList, packList } from './file-lists.ts';

/** How many records of a slot, and of a description, an explanation compares with. */
const MAX_CANDIDATES = 8;

/** A cache that has nothing from elsewhere; disposed, it notes what was touched. */
export interface OwnBuildCache extends BuildCache, AsyncDisposable {
  find(key: string): Promise<StepRecord | undefined>;
}

/** The build cache of a store, as one build sees it; `lease` is held for as long as the build runs. */
export function openBuildCache(store: Store, lease: Lease): OwnBuildCache {
  return new StoredBuildCache(store, lease);
}

class StoredBuildCache implements OwnBuildCache {
  readonly #store: Store;
  readonly #lease: Lease;
  readonly #lists: FileLists;
  readonly #touched: string[] = [];
  /** Lists of files of steps under way. */
  readonly #packed = new Map<string, Promise<PackedList>>();

  constructor(store: Store, lease: Lease) {
    this.#store = store;
    this.#lease = lease;
    this.#lists = new FileLists(store.root);
  }

  async find(key: string): Promise<StepRecord | undefined> {
    const { metadata } = this.#store;
    const found = metadata.findBuildCache(key);
    if (!found?.layer) return found;
    // A prune looks at the leases before it forgets a record: what is there behind the lease stays there.
    this.#lease.add(found.layer.digest);
    const held = metadata.findBuildCache(key);
    if (held === undefined || this.#isWhole(held)) {
      if (held?.layer && held.layer.digest !== found.layer.digest) return this.find(key);
      return held;
    }
    if (this.#dropStale(key)) await this.#lists.delete(key);
    return undefined;
  }

  async put(step: NewStep): Promise<void> {
    const { metadata } = this.#store;
    const { files, ...inputs } = step.inputs;
    const key = stepKey(step.inputs);
    if (step.layer) this.#lease.add(step.layer.digest);
    const replaced = metadata.putBuildCache({
      ...{ kind: 'regular', ...step, key },
      inputs: { ...inputs, ...(files && { files: files.digest }) },
    });
    const packed = this.#packed.get(key);
    this.#packed.delete(key);
    if (files) await this.#lists.write(key, files, packed);
    if (replaced) await this.#store.sweep([replaced]);
  }

  prepare(inputs: StepInputs): void {
    const { files } = inputs;
    if (files === undefined) return;
    const packed = packList(files);
    // Whoever puts the step is told.
    packed.catch(() => undefined);
    this.#packed.set(stepKey(inputs), packed);
  }

  claim(key: string, signal?: AbortSignal): Promise<AsyncDisposable> {
    return claimStep(this.#store.root, key, signal);
  }

  touch(key: string): void {
    this.#touched.push(key);
  }

  /** All at once: each change of the metadata takes longer than what is changed. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#store.metadata.touchBuildCache(...this.#touched.splice(0));
    } catch (error) {
      // What filled the disk is told, not this.
      if (!isWherryError(error, 'NO_SPACE')) throw error;
    }
  }

  latestFor(slot: string, description: string): StepRecord[] {
    return this.#store.metadata.latestBuildCache(slot, description, MAX_CANDIDATES);
  }

  async filesOf({ key, inputs }: StepRecord): Promise<Iterable<StepFile> | undefined> {
    return inputs.files === undefined ? [] : this.#lists.read(key, inputs.files);
  }

  wasPruned(key: string): boolean {
    return this.#store.metadata.wasBuildCacheRemoved(key);
  }

  #isWhole({ layer }: StepRecord): boolean {
    return layer === undefined || existsSync(this.#store.blobs.pathOf(layer.digest));
  }

  /** Another process may have put it again meanwhile. */
  #dropStale(key: string): boolean {
    const { metadata } = this.#store;
    return metadata.atomically(() => {
      const record = metadata.findBuildCache(key);
      if (record === undefined || this.#isWhole(record)) return false;
      metadata.deleteBuildCache([key]);
      return true;
    });
  }
}
