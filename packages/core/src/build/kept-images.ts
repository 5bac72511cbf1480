import type { StepImage } from './build-deps.ts';

/**
 * The images of a stage on their way to be recorded, each once its layer is on disk and those below it are: a step need
 * not wait for the disk until the stage ends. What comes after one whose layer cannot be stored is not recorded.
 */
export class KeptImages {
  readonly #record: (image: StepImage) => void;
  #done: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  constructor(record: (image: StepImage) => void) {
    this.#record = record;
  }

  /** `stored` settles when the image's layer is there, or cannot be; absent: it is. */
  add(image: StepImage, stored?: Promise<void>): void {
    this.#done = Promise.allSettled([this.#done, stored]).then((ended) => {
      for (const each of ended) if (each.status === 'rejected') throw each.reason;
      this.#record(image);
    });
    this.#done.catch((error: unknown) => {
      this.#failure ??= { error };
    });
  }

  /** Settles when nothing is on its way any more; rejects with what the first layer failed with that is not there. */
  get done(): Promise<void> {
    return this.#done;
  }

  /** Throws what `done` will reject with, if that is known. */
  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
