import type { ByteSource } from '../../bytes/byte-source.ts';
import { copyChanges } from '../../rootfs/copy-changes.ts';
import { diffLayer } from '../../rootfs/diff-layer.ts';
import { settleTimes } from '../../rootfs/settle-times.ts';
import { type WaitingTar, waitingTar } from '../../rootfs/tar-files.ts';
import { startTarOfSeconds } from '../../rootfs/tar-list.ts';
import type { UpperName } from '../../rootfs/upper-names.ts';
import { collectUpperNames } from '../../rootfs/upper-names.ts';
import type { ChangedFiles, RunStep } from './run-step.ts';
import type { StepPlaces } from './step-places.ts';

/** What a step changes, as a layer and as the layer's files. Disposing ends what reads it. */
export class StepChanges implements AsyncDisposable {
  readonly #step: RunStep;
  readonly #places: StepPlaces;
  #tar: WaitingTar | undefined;
  #isRead = false;
  /** Of what lies in the upper directory, once it was read as a layer. */
  #names: readonly UpperName[] | undefined;
  #hasOpaque = false;

  constructor(step: RunStep, places: StepPlaces) {
    this.#step = step;
    this.#places = places;
  }

  /**
   * Starts what will read the upper directory, while the program runs on it: a start takes as long as reading some
   * hundred files.
   */
  prepare(signal: AbortSignal | undefined): void {
    this.#tar ??= waitingTar(startTarOfSeconds(this.#places.upper, signal));
  }

  /** To be called when the step has ended; `copiedAt`: when the copy that it ran on was complete, if it was no overlay. */
  async *read(copiedAt: Date | undefined, signal: AbortSignal | undefined): ByteSource {
    const { layers, epoch } = this.#step;
    const { upper, rootfs } = this.#places;
    const names =
      copiedAt === undefined
        ? await collectUpperNames(upper, signal)
        : await copyChanges({ copy: rootfs, layers, copiedAt, ...(signal && { signal }) });
    this.#hasOpaque = false;
    const tar = this.#isRead ? undefined : this.#tar;
    this.#isRead = true;
    yield* diffLayer(copiedAt === undefined ? upper : rootfs, {
      names,
      onOpaque: () => {
        this.#hasOpaque = true;
      },
      ...(tar && { tar }),
      ...(epoch !== undefined && { latestTime: epoch }),
      ...(signal && { signal }),
    });
    if (copiedAt === undefined) this.#names = names;
  }

  /** An unpacked layer says in another way which directories hide what is below. */
  async files(): Promise<ChangedFiles | undefined> {
    if (this.#names === undefined || this.#hasOpaque) return undefined;
    const directory = this.#places.upper;
    return { directory, ...(await settleTimes(directory, this.#names, this.#step.epoch)) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tar?.[Symbol.asyncDispose]();
  }
}
