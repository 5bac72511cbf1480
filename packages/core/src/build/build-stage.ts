import { randomBytes } from 'node:crypto';
import { parseTrigger, type StageInstruction } from '@wherry/dockerfile';
import { environmentOf } from '../image/environment.ts';
import { expandInstruction } from '../image/expand-instruction.ts';
import { makeContainerId } from '../runtime/container-record.ts';
import type { StepName } from './build-event.ts';
import type { PlannedStep } from './build-plan.ts';
import { stepSlot } from './cache/step-key.ts';
import { KeptImages } from './kept-images.ts';
import type { StageArguments } from './stage-arguments.ts';
import { nextImage, type StageChange, type StageImage } from './stage-image.ts';
import { configStep } from './steps/config-step.ts';
import { copyStep } from './steps/copy-step.ts';
import { runStep } from './steps/run-step.ts';
import type { LayerOutcome, StageContext, StepState } from './steps/step-state.ts';

/** A stage whose base is there. */
export interface ReadyStage {
  readonly context: StageContext;
  readonly image: StageImage;
  readonly args: StageArguments;
  /** What tells its Dockerfile from others. */
  readonly dockerfileId: string;
  /** Of its FROM. */
  readonly fromStep: StepName;
  /** Its instructions with their steps. */
  readonly steps: readonly PlannedStep[];
}

/** Builds a stage on its base, step by step; the image that it comes to, once all of it is on disk. */
export async function buildStage(stage: ReadyStage): Promise<StageImage> {
  const builder = new StageBuilder(stage);
  try {
    await builder.runTriggers();
    for (const step of stage.steps) await builder.run(step);
  } finally {
    // Of a build that failed too nothing goes on after its end.
    await Promise.allSettled([builder.kept.done]);
  }
  await builder.kept.done;
  return builder.image;
}

class StageBuilder {
  readonly kept: KeptImages;
  readonly #stage: ReadyStage;
  #image: StageImage;
  #hasCommand = false;
  #ordinal = 0;

  constructor(stage: ReadyStage) {
    this.#stage = stage;
    this.#image = stage.image;
    this.kept = new KeptImages((record) => stage.context.deps.keep(record));
  }

  get image(): StageImage {
    return this.#image;
  }

  /** What the base left for who builds on it. BK reference, "ONBUILD". */
  async runTriggers(): Promise<void> {
    const { context, fromStep } = this.#stage;
    const { OnBuild: triggers = [], ...config } = this.#image.built.config;
    if (triggers.length === 0) return;
    context.deps.emit({ kind: 'build-triggers', step: fromStep, count: triggers.length });
    this.#image = { ...this.#image, built: { ...this.#image.built, config } };
    for (const text of triggers) {
      const instruction = parseTrigger(text, context.dockerfile.escape);
      await this.#runStep(instruction, { ...fromStep, text: instruction.text });
    }
  }

  async run({ instruction, step, isExpanded = false }: PlannedStep): Promise<void> {
    this.#stage.context.deps.emit({ kind: 'build-step', step });
    await this.#runStep(instruction, step, isExpanded);
  }

  async #runStep(written: StageInstruction, step: StepName, isExpanded = false): Promise<void> {
    const { context } = this.#stage;
    const { deps } = context;
    deps.signal.throwIfAborted();
    try {
      this.kept.throwIfFailed();
      const state = this.#state(step);
      const instruction = isExpanded
        ? written
        : expandInstruction(written, { variables: this.#variables(), escape: context.dockerfile.escape });
      await (instruction.kind === 'run' || instruction.kind === 'copy' || instruction.kind === 'add'
        ? this.#layerStep(state, instruction)
        : this.#configStep(state, instruction));
      if (instruction.kind === 'cmd') this.#hasCommand = true;
    } catch (error) {
      if (error instanceof Error) deps.emit({ kind: 'build-step-failed', step, error });
      throw error;
    }
  }

  async #layerStep(
    state: StepState,
    instruction: Extract<StageInstruction, { kind: 'run' | 'copy' | 'add' }>,
  ): Promise<void> {
    const { context } = this.#stage;
    const outcome =
      instruction.kind === 'run'
        ? await runStep(context, state, instruction)
        : await copyStep(context, state, instruction);
    this.#finish(state.step, this.#advance(outcome), outcome);
  }

  /** It is cached if the very image was here before. */
  async #configStep(state: StepState, instruction: Parameters<typeof configStep>[2]): Promise<void> {
    const { context } = this.#stage;
    const change = await configStep(context, state, instruction);
    const { image, record } = nextImage(this.#image, change, context.epoch);
    const isCached = !context.noCache && context.deps.isKnown(record.document.descriptor.digest);
    this.#image = image;
    this.kept.add(record);
    if (isCached) return this.#finish(state.step, image, { isCached });
    const id = makeContainerId(randomBytes);
    context.deps.emit({ kind: 'build-step-runs', step: state.step, id });
    this.#finish(state.step, image, { isCached, id });
  }

  #advance({ createdBy, layer, kept }: LayerOutcome): StageImage {
    const { context } = this.#stage;
    const change: StageChange = { createdBy, ...(layer && { layer }) };
    const { image, record } = nextImage(this.#image, change, context.epoch);
    this.#image = image;
    this.kept.add(record, kept);
    return image;
  }

  #finish(
    step: StepName,
    image: StageImage,
    { isCached, id, explanation }: Pick<LayerOutcome, 'isCached' | 'id' | 'explanation'>,
  ): void {
    const { deps } = this.#stage.context;
    const outcome = { step, ...(image.id && { image: image.id }), ...(explanation && { explanation }) };
    deps.emit(
      isCached
        ? { kind: 'build-step-cached', ...outcome }
        : { kind: 'build-step-done', ...outcome, ...(id && { id }) },
    );
  }

  #state(step: StepName): StepState {
    const { args, dockerfileId } = this.#stage;
    const stage = step.stageName ?? step.stage;
    const slot = stepSlot({ dockerfile: dockerfileId, stage, ordinal: this.#ordinal++ });
    return { image: this.#image, args, hasCommand: this.#hasCommand, step, slot };
  }

  #variables(): ReadonlyMap<string, string> {
    const env = environmentOf(this.#image.built.config.Env);
    return new Map([...this.#stage.args.effective(env), ...env]);
  }
}
