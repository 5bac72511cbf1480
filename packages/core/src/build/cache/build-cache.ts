import type { Digest } from '../../digest.ts';
import type { StepFile, StepInputs, StepResult } from '../step-inputs.ts';

/** What a cached step is, in BuildKit's words: files of a context, of a repository, and all else. */
export type StepKind = 'regular' | 'source.local' | 'source.git.checkout';

/** What is kept of a step's inputs: of its files the digest, and their list in another place. */
export interface RecordedInputs extends Omit<StepInputs, 'files'> {
  readonly files?: Digest;
}

/** A step that ran, so that it need not run again. */
export interface StepRecord extends StepResult {
  /** What `stepKey` says of the inputs. */
  readonly key: string;
  /** What `stepSlot` says of its place. */
  readonly slot: string;
  /** Key of the step before it in its stage; absent: it stands on the stage's base. */
  readonly parent?: string;
  readonly kind: StepKind;
  /** The instruction as written: for lists, and to find the step again when it has moved. */
  readonly description: string;
  readonly inputs: RecordedInputs;
  /**
   * The image as it was after the step when it was first made. With the same key on a base of another config it
   * is another one, so nothing holds this one.
   */
  readonly image?: Digest;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  /** How many builds had a use for it, the first included. */
  readonly useCount: number;
}

/** A step that ran elsewhere, and whose layer has been fetched. */
export interface ImportedStep extends StepResult {
  readonly kind: StepKind;
  /** Where it came from, for people. */
  readonly origin: string;
}

/** A step that has just run. */
export interface NewStep extends StepResult {
  readonly slot: string;
  readonly parent?: string;
  readonly kind?: StepKind;
  readonly description: string;
  readonly inputs: StepInputs;
  readonly image?: Digest;
}

/**
 * What one build asks for steps that ran before, in this process or another. What `find` and `put` were given is
 * kept from every prune until the build is over.
 */
export interface BuildCache {
  /**
   * The record, if its layer is there; one whose layer is gone is forgotten. Or else what another place has under the
   * key: whoever has a use for it puts it.
   */
  find(key: string): Promise<StepRecord | ImportedStep | undefined>;
  /**
   * Keeps what a step made, under the key of its inputs. A record that is there already, of another process or of
   * an earlier build, gives way. The layer's blob must be in the store, and held by the build.
   */
  put(step: NewStep): Promise<void>;
  /**
   * Tells that a step of these inputs is under way and will be put: what takes long is begun meanwhile. Changes nothing
   * that anybody sees.
   */
  prepare(inputs: StepInputs): void;
  /**
   * Waits until nobody else makes the step of this key, here or in another process, and has it alone until it is
   * disposed, or the process ends. Throws `CANCELLED`.
   */
  claim(key: string, signal?: AbortSignal): Promise<AsyncDisposable>;
  /** Notes that the build has a use for what `find` gave. */
  touch(key: string): void;
  /** Records of the same slot, then of the same description elsewhere, newest first: a handful. */
  latestFor(slot: string, description: string): StepRecord[];
  /** The files that a record had; absent: it had none, or their list is lost. */
  filesOf(record: StepRecord): Promise<Iterable<StepFile> | undefined>;
  /** Tells whether a prune removed the record of this key, and nobody has made it again. */
  wasPruned(key: string): boolean;
}
