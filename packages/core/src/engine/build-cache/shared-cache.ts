import type {
  BuildCache,
  ImportedStep,
  NewStep,
  StepKind,
  StepRecord,
} from '../../build/cache/build-cache.ts';
import { stepKey } from '../../build/cache/step-key.ts';
import type { StepFile, StepInputs, StepResult } from '../../build/step-inputs.ts';
import type { ImportedCache } from './imported-cache.ts';
import type { OwnBuildCache } from './stored-build-cache.ts';

/** A step that a build had a use for. */
export interface UsedStep extends StepResult {
  readonly kind: StepKind;
}

/** The cache of a store with others behind it, which notes what a build has a use for. */
export class SharedCache implements BuildCache {
  /** By key. */
  readonly used = new Map<string, UsedStep>();
  readonly #own: OwnBuildCache;
  readonly #others: readonly ImportedCache[];

  /** `others` are asked in their order. */
  constructor(own: OwnBuildCache, others: readonly ImportedCache[]) {
    this.#own = own;
    this.#others = others;
  }

  async find(key: string): Promise<StepRecord | ImportedStep | undefined> {
    const found = (await this.#own.find(key)) ?? (await this.#import(key));
    if (found) this.#note(key, found);
    return found;
  }

  async put(step: NewStep): Promise<void> {
    await this.#own.put(step);
    this.#note(stepKey(step.inputs), { kind: step.kind ?? 'regular', ...step });
  }

  prepare(inputs: StepInputs): void {
    this.#own.prepare(inputs);
  }

  claim(key: string, signal?: AbortSignal): Promise<AsyncDisposable> {
    return this.#own.claim(key, signal);
  }

  touch(key: string): void {
    this.#own.touch(key);
  }

  latestFor(slot: string, description: string): StepRecord[] {
    return this.#own.latestFor(slot, description);
  }

  filesOf(record: StepRecord): Promise<Iterable<StepFile> | undefined> {
    return this.#own.filesOf(record);
  }

  wasPruned(key: string): boolean {
    return this.#own.wasPruned(key);
  }

  #note(key: string, { kind, layer }: UsedStep): void {
    this.used.set(key, { kind, ...(layer && { layer }) });
  }

  async #import(key: string): Promise<ImportedStep | undefined> {
    for (const other of this.#others) {
      const found = await other.find(key);
      if (found) return found;
    }
    return undefined;
  }
}
