import type { ByteSource } from '../../bytes/byte-source.ts';
import { copyChanges } from '../../rootfs/copy-changes.ts';
import { collectUpperNames, diffLayer } from '../../rootfs/diff-layer.ts';
import { settleTimes } from '../../rootfs/settle-times.ts';
import type { UpperName } from '../../rootfs/upper-names.ts';
import type { EndedProcess } from './run-process.ts';
import type { ChangedFiles, RunStep } from './run-step.ts';
import type { StepPlaces } from './step-places.ts';

/** What a step changed, as a layer and as the layer's files. */
export class StepChanges {
  readonly #step: RunStep;
  readonly #places: StepPlaces;
  readonly #copiedAt: Date | undefined;
  /** Of what lies in the upper directory, once it was read as a layer. */
  #names: readonly UpperName[] | undefined;
  #hasOpaque = false;

  constructor(step: RunStep, places: StepPlaces, { copiedAt }: EndedProcess) {
    this.#step = step;
    this.#places = places;
    this.#copiedAt = copiedAt;
  }

  async *read(signal: AbortSignal | undefined): ByteSource {
    const { layers, epoch } = this.#step;
    const { upper, rootfs } = this.#places;
    const copiedAt = this.#copiedAt;
    const names =
      copiedAt === undefined
        ? await collectUpperNames(upper, signal)
        : await copyChanges({ copy: rootfs, layers, copiedAt, ...(signal && { signal }) });
    this.#hasOpaque = false;
    yield* diffLayer(copiedAt === undefined ? upper : rootfs, {
      names,
      onOpaque: () => {
        this.#hasOpaque = true;
      },
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
}
