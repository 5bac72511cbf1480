import type { Dockerfile, LintWarning } from '@wherry/dockerfile';
import type { BuildEventSink } from '../build/build-event.ts';
import { planBuild } from '../build/build-plan.ts';
import { type BuiltTarget, buildTarget } from '../build/builder.ts';
import type { BuildCache } from '../build/cache/build-cache.ts';
import type { Digest } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { Lease } from '../metadata/metadata-store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { formatPlatform, normalizePlatform, type Platform } from '../platform.ts';
import type { Transport } from '../registry/transport.ts';
import { BuildPlaces } from './build-cache/build-places.ts';
import { buildScratch } from './build-cache/build-scratch.ts';
import { type CacheLimit, limitBuildCache } from './build-cache/cache-limit.ts';
import type { BuildRequest, BuildResult } from './build-request.ts';
import { openCaches } from './builds/build-caches.ts';
import type { BuiltImage, ResultContext } from './builds/built-image.ts';
import { checkDockerfile, inDockerWords, tellOfFindings } from './builds/check-dockerfile.ts';
import type { ContextDeps } from './builds/contexts/context-trees.ts';
import { type OpenedContext, openContext } from './builds/contexts/open-context.ts';
import { requirePlaces } from './builds/outputs/annotations.ts';
import { type OutputPlan, planOutputs } from './builds/outputs/output-plan.ts';
import { writeOutputs } from './builds/outputs/write-outputs.ts';
import { platformEvents } from './builds/platform-events.ts';
import type { RunnerDeps } from './builds/steps/open-runner.ts';
import { stepDeps } from './builds/steps/step-deps.ts';
import { StepImages } from './builds/steps/step-images.ts';
import type { SealDeps } from './layers/seal.ts';
import type { PullDeps } from './pull.ts';
import type { PushDeps } from './push.ts';
import { sweepDuplicates } from './store/duplicate-layers.ts';

export interface BuildVerbDeps extends SealDeps {
  readonly host: Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  /** What a pull and a push need; opened when a base is not here, or a result leaves. */
  readonly transfer: () => Promise<PullDeps & PushDeps>;
  readonly openTransport: () => Promise<Transport & AsyncDisposable>;
  /** How much of the cache stays. */
  readonly cacheLimit: () => Promise<CacheLimit | undefined>;
  /** What RUN needs; opened when one comes. */
  readonly containers: () => Promise<RunnerDeps>;
}

export interface BuildOptions {
  readonly signal?: AbortSignal;
  readonly onBuildEvent?: BuildEventSink;
  /**
   * Told, while a directory is looked through, that there are thousands of files in it. What is known of them stays in
   * memory until the build is over.
   */
  readonly onManyFiles?: () => void;
}

/**
 * Builds an image from a Dockerfile. Steps whose inputs are those of an earlier build are taken from the cache. Throws
 * `INVALID_DOCKERFILE` with Docker's text, `BUILD_FAILED` with the exit code of a RUN in `details.exitCode`,
 * `FILE_NOT_FOUND`, what a pull throws, `NO_SPACE`, `CANCELLED`; steps before the failure stay as images.
 */
export async function build(
  deps: BuildVerbDeps,
  request: BuildRequest,
  options: BuildOptions = {},
): Promise<BuildResult> {
  const plan = planOutputs(request);
  requirePlaces(request, platformsOf(request, deps.host));
  return withOpened(deps, request, options, async (opened) => {
    const { warnings } = opened;
    if (request.check) return { names: [], warnings };
    const { images, target } = await buildOpened(opened, plan);
    await limitBuildCache(deps, await deps.cacheLimit(), { signal: opened.signal });
    const { names, hasImage } = plan;
    return { ...(hasImage && { id: images[0].facts.id }), ...(target && { target }), names, warnings };
  });
}

/** A build whose Dockerfile and files are there. */
export interface OpenedBuild {
  readonly deps: BuildVerbDeps;
  readonly request: BuildRequest;
  readonly contexts: ContextDeps;
  readonly context: OpenedContext;
  readonly dockerfile: Dockerfile;
  /** What its findings are. */
  readonly warnings: readonly LintWarning[];
  readonly emit: BuildEventSink;
  readonly signal: AbortSignal;
}

/** Opens what a build is made of for as long as `work` takes. */
export async function withOpened<T>(
  deps: BuildVerbDeps,
  request: BuildRequest,
  options: BuildOptions,
  work: (opened: OpenedBuild) => Promise<T>,
): Promise<T> {
  const signal = options.signal ?? new AbortController().signal;
  const emit = options.onBuildEvent ?? (() => undefined);
  await using scratch = await buildScratch(deps.store.root);
  const contexts: ContextDeps = {
    scratch: scratch.directory,
    cacheDirectory: new BuildPlaces(deps.store.root).contexts,
    openTransport: deps.openTransport,
    ...{ emit, signal, onManyFiles: options.onManyFiles },
  };
  await using context = await openContext(request, contexts);
  const checked = checkDockerfile(context, request);
  tellOfFindings(checked, emit);
  return await work({ ...{ deps, request, contexts, context, emit, signal }, ...checked });
}

/** What a build came to, in the order of its platforms. */
export interface Built {
  readonly images: readonly [BuiltImage, ...BuiltImage[]];
  readonly target?: Descriptor;
}

/** Builds, once, and puts the result where it is to go. */
export async function buildOpened(opened: OpenedBuild, plan: OutputPlan): Promise<Built> {
  const { store } = opened.deps;
  const stored = new Set<Digest>();
  try {
    await using lease = await store.metadata.acquireLease('build');
    return await buildHeld({ ...opened, stored, lease }, plan);
  } finally {
    // Layers that turned out to be empty or to be here already, or, after a failure, whatever nothing holds.
    await sweepDuplicates(store, stored);
  }
}

/** One build under way. */
interface Build extends OpenedBuild {
  readonly stored: Set<Digest>;
  readonly lease: Lease;
}

async function buildHeld(state: Build, plan: OutputPlan): Promise<Built> {
  const { deps, request, lease, stored, emit, signal } = state;
  const steps = new StepImages(deps.store, (digest) => lease.add(digest));
  const hold = (digest: Digest) => {
    stored.add(digest);
    lease.add(digest);
  };
  const { scratch } = state.contexts;
  const context: ResultContext = { deps, request, emit, signal, hold, scratch };
  await using caches = await openCaches(context, lease, deps.transfer);
  const images: BuiltImage[] = [];
  const made = new Set<Digest>();
  for (const { platform, emit: told } of tellingOf(state)) {
    const parts = { cache: caches.cache, images: steps };
    const built = await buildPlatform({ ...state, emit: told }, platform, parts);
    for (const { diffID } of built.layers) made.add(diffID);
    images.push(request.squash ? await squashed(context, built, steps) : built);
  }
  const [first, ...others] = images;
  if (first === undefined) throw new Error('a build is for a platform');
  if (plan.hasImage)
    for (const { facts, platform } of images)
      emit({ kind: 'built', id: facts.id, ...(others.length > 0 && { platform }) });
  const target = await writeOutputs(context, [first, ...others], plan, deps.transfer);
  await caches.exportAll(made);
  signal.throwIfAborted();
  return { images: [first, ...others], ...(target && { target }) };
}

async function squashed(context: ResultContext, built: BuiltImage, steps: StepImages): Promise<BuiltImage> {
  const { squashResult } = await import('./builds/outputs/squash-result.ts');
  return squashResult(context, built, steps);
}

/** What is built for, and who is told of each; steps are counted over all of them. */
function tellingOf({ deps: { host }, request, dockerfile, emit }: Build) {
  const platforms = platformsOf(request, host);
  const [only, ...others] = platforms;
  if (only && others.length === 0) return [{ platform: only, emit }];
  try {
    const steps = platforms.map((platform) => {
      const { total } = planBuild({ ...builderRequest(request, platform), dockerfile, host });
      return { platform, total };
    });
    const tellers = platformEvents(emit, steps);
    return platforms.map((platform, i) => ({ platform, emit: tellers[i] ?? emit }));
  } catch (error) {
    throw inDockerWords(error);
  }
}

/** Builds for one platform; the images of its steps are recorded, also when one fails. */
async function buildPlatform(
  state: Build,
  platform: Platform,
  { cache, images }: { readonly cache: BuildCache; readonly images: StepImages },
): Promise<BuiltImage> {
  const { request, context, dockerfile, lease, emit } = state;
  const hold = (...digests: Digest[]) => lease.add(...digests);
  let built: BuiltTarget;
  try {
    built = await buildTarget(stepDeps({ ...state, cache, images, hold }), {
      ...builderRequest(request, platform),
      dockerfile,
      dockerfileId: context.dockerfileId,
    });
  } catch (error) {
    // Values of variables come late, and with them what is wrong with a word.
    throw inDockerWords(error);
  } finally {
    await images.record();
  }
  const { image, base, unusedArgs } = built;
  if (image.id === undefined)
    throw new WherryError('INVALID_DOCKERFILE', 'No image was generated. Is your Dockerfile empty?');
  if (unusedArgs.length > 0)
    emit({
      kind: 'build-warning',
      message: `One or more build-args [${unusedArgs.join(' ')}] were not consumed`,
    });
  return { platform, facts: images.recorded(image.id), layers: image.layers, ...(base && { base }) };
}

/** What is built for, each once. */
function platformsOf({ platforms = [] }: BuildRequest, host: Platform): readonly Platform[] {
  const all = platforms.length > 0 ? platforms : [host];
  return [...new Map(all.map((each) => [formatPlatform(normalizePlatform(each)), each])).values()];
}

function builderRequest(request: BuildRequest, platform: Platform) {
  const { target, buildArgs = {}, labels = {}, limits = {}, network, epoch } = request;
  return {
    buildArgs,
    labels,
    contextNames: new Set(Object.keys(request.namedContexts ?? {})),
    platform,
    noCache: request.noCache ?? false,
    noCacheFilter: new Set((request.noCacheFilter ?? []).map((name) => name.toLowerCase())),
    options: {
      explain: request.explain ?? false,
      extraHosts: request.extraHosts ?? [],
      limits,
      ...(network && { network }),
    },
    ...(target !== undefined && { target }),
    ...(epoch !== undefined && { epoch }),
  };
}
