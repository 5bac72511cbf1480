import type { Dockerfile } from '@wherry/dockerfile';
import type { Digest } from '../digest.ts';
import { isWherryError, WherryError } from '../errors.ts';
import { configOfBase, emptyConfig } from '../image/built-config.ts';
import { parseImageConfig } from '../oci/image-config.ts';
import { type Platform, parsePlatform } from '../platform.ts';
import type { BaseImage, BuildDeps, StageLayer } from './build-deps.ts';
import type { StepName } from './build-event.ts';
import { type BuildPlan, type BuildPlanRequest, type NumberedStage, planBuild } from './build-plan.ts';
import { buildStage } from './build-stage.ts';
import { StageArguments } from './stage-arguments.ts';
import { StageFiles } from './stage-files.ts';
import { findSource } from './stage-graph.ts';
import type { StageImage } from './stage-image.ts';
import type { StepOptions, TakenSource } from './steps/step-state.ts';

export interface BuilderRequest extends Omit<BuildPlanRequest, 'host'> {
  /** What tells this Dockerfile from others on this machine. */
  readonly dockerfileId: string;
  /** `SOURCE_DATE_EPOCH`; absent: the time of each stage's base. */
  readonly epoch?: number;
  readonly noCache: boolean;
  /** Stages, in lower case, whose steps are not taken from the cache. */
  readonly noCacheFilter: ReadonlySet<string>;
  readonly options: StepOptions;
}

/** The target of a build, and what the command line gave in vain. */
export interface BuiltTarget {
  readonly image: StageImage;
  /** The image that it stands on, with whatever stages between; absent: nothing. */
  readonly base?: BuiltBase;
  readonly unusedArgs: readonly string[];
}

export interface BuiltBase {
  readonly id: Digest;
  /** How many layers came with it. */
  readonly layers: number;
}

/**
 * Builds the stages that a target needs, those that do not wait for each other at the same time. The first failure
 * ends the others. Throws `DockerfileError`, `INVALID_ARGUMENT`, `BUILD_FAILED`, `CANCELLED` and what steps throw.
 */
export async function buildTarget(deps: BuildDeps, request: BuilderRequest): Promise<BuiltTarget> {
  const plan = planBuild({ ...request, host: deps.host });
  const failure = new AbortController();
  const signal = AbortSignal.any([deps.signal, failure.signal]);
  const builder = new Builder({ ...deps, signal }, request, plan);
  for (const step of plan.globalSteps) deps.emit({ kind: 'build-step', step });
  let first: unknown;
  const stages = plan.stages.map(async ({ index }) => {
    try {
      return await builder.stage(index);
    } catch (error) {
      first ??= error;
      failure.abort();
      throw error;
    }
  });
  await Promise.allSettled(stages);
  const built = first === undefined ? await stages.at(-1) : undefined;
  if (built === undefined) throw first;
  const { image, base } = built;
  return { image, ...(base && { base }), unusedArgs: unusedArgs(request) };
}

interface BuiltStage {
  readonly image: StageImage;
  readonly base?: BuiltBase;
  /** Those that are in scope at its end, for stages that stand on it. */
  readonly args: StageArguments;
  readonly epoch: number;
  readonly platform: Platform;
}

class Builder {
  readonly #deps: BuildDeps;
  readonly #request: BuilderRequest;
  readonly #plan: BuildPlan;
  readonly #stages = new Map<number, Promise<BuiltStage>>();

  constructor(deps: BuildDeps, request: BuilderRequest, plan: BuildPlan) {
    this.#deps = deps;
    this.#request = request;
    this.#plan = plan;
  }

  /** Each is built once, however many need it. */
  stage(index: number): Promise<BuiltStage> {
    const running = this.#stages.get(index) ?? this.#build(index);
    this.#stages.set(index, running);
    return running;
  }

  async #build(index: number): Promise<BuiltStage> {
    const planned = this.#plan.stages.find((each) => each.index === index);
    if (planned === undefined) throw new Error(`stage ${index} was not planned`);
    const below = await this.#base(planned);
    const { image, base, epoch, platform } = below;
    const { fromStep, steps } = planned;
    const { dockerfile, dockerfileId, options, epoch: latest } = this.#request;
    const files = new StageFiles(this.#deps);
    const takeFrom = (text: string, step: StepName) => this.#takeFrom(planned, text, step);
    const noCache = this.#isUncached(planned);
    const context = {
      deps: this.#deps,
      ...{ dockerfile, options, platform, epoch, noCache, files, takeFrom },
    };
    const args = new StageArguments(
      { given: this.#request.buildArgs, globals: this.#plan.globals },
      below.args,
    );
    const built = await buildStage({
      context: { ...context, ...(latest !== undefined && { latest }) },
      ...{ image, args, dockerfileId, fromStep, steps },
    });
    return { image: built, ...(base && { base }), args, epoch, platform };
  }

  async #base(planned: NumberedStage): Promise<Omit<BuiltStage, 'args'> & { args?: StageArguments }> {
    const { base, fromStep } = planned;
    const { deps } = { deps: this.#deps };
    if (base.kind === 'stage') {
      const below = await this.stage(base.index);
      this.#begin(fromStep, below.image);
      return below;
    }
    deps.emit({ kind: 'build-step', step: fromStep });
    const platform = planned.platform ? parsePlatform(planned.platform, deps.host) : this.#request.platform;
    if (base.kind === 'scratch') {
      deps.emit({ kind: 'build-step-done', step: fromStep });
      return {
        image: { built: emptyConfig(platform), layers: [] },
        epoch: this.#request.epoch ?? 0,
        platform,
      };
    }
    const text = base.kind === 'image' ? base.text : (deps.namedImage(base.name) ?? base.name);
    const found = await deps.base(text, platform, fromStep);
    const image = imageOf(found);
    deps.emit({ kind: 'build-step-done', step: fromStep, image: found.id });
    const epoch = this.#request.epoch ?? createdAt(found);
    return { image, base: { id: found.id, layers: image.layers.length }, epoch, platform: found.platform };
  }

  #begin(step: StepName, image: StageImage): void {
    this.#deps.emit({ kind: 'build-step', step });
    this.#deps.emit({ kind: 'build-step-done', step, ...(image.id && { image: image.id }) });
  }

  async #takeFrom({ index }: NumberedStage, text: string, step: StepName): Promise<TakenSource> {
    const { dockerfile, contextNames } = this.#request;
    const source = findSource(dockerfile.stages, index, text, contextNames);
    const deps = this.#deps;
    if (source.kind === 'stage') return this.#taken((await this.stage(source.index)).image.layers);
    if (source.kind === 'scratch') return this.#taken([]);
    const image = source.kind === 'context' ? deps.namedImage(source.name) : source.text;
    if (image === undefined) return { tree: () => deps.context(text.toLowerCase()) };
    try {
      return this.#taken((await deps.base(image, this.#request.platform, step)).layers);
    } catch (error) {
      throw notTakenFrom(text, error);
    }
  }

  #taken(layers: readonly StageLayer[]): TakenSource {
    return { layers, tree: () => new StageFiles(this.#deps).source(layers) };
  }

  #isUncached({ index, stage }: NumberedStage): boolean {
    const { noCache, noCacheFilter } = this.#request;
    return noCache || noCacheFilter.has(stage.from.stageName ?? '') || noCacheFilter.has(String(index));
  }
}

function imageOf({ id, bytes, platform, layers }: BaseImage): StageImage {
  return { id, built: configOfBase(bytes, platform), layers };
}

/** Whole seconds since 1970; 0 where the image does not say. */
function createdAt({ bytes }: BaseImage): number {
  const time = Date.parse(parseImageConfig(bytes).created ?? '');
  return Number.isFinite(time) && time > 0 ? Math.floor(time / 1000) : 0;
}

function unusedArgs({ dockerfile, buildArgs }: BuilderRequest): string[] {
  return StageArguments.unused(buildArgs, declaredNames(dockerfile));
}

function declaredNames({ globalArgs, stages }: Dockerfile): ReadonlySet<string> {
  const inStages = stages.flatMap(({ instructions }) => instructions.filter(({ kind }) => kind === 'arg'));
  return new Set(
    [...globalArgs, ...inStages].flatMap((arg) => (arg.kind === 'arg' ? arg.args : [])).map(({ key }) => key),
  );
}

/** Says which `--from` it was, in Docker's words. */
function notTakenFrom(text: string, error: unknown): unknown {
  if (!isWherryError(error) || error.kind === 'cancelled') return error;
  const { code, message, hint, details } = error;
  return new WherryError(code, `invalid from flag value ${text}: ${message}`, {
    ...(hint !== undefined && { hint }),
    ...{ details, cause: error },
  });
}
