import type { BuildEventSink } from '../build/build-event.ts';
import { buildTarget } from '../build/builder.ts';
import type { Digest } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { Platform } from '../platform.ts';
import type { Reference } from '../reference.ts';
import type { Transport } from '../registry/transport.ts';
import { BuildPlaces } from './build-cache/build-places.ts';
import { buildScratch } from './build-cache/build-scratch.ts';
import { type CacheLimit, limitBuildCache } from './build-cache/cache-limit.ts';
import { openBuildCache } from './build-cache/stored-build-cache.ts';
import type { BuildRequest, BuildResult } from './build-request.ts';
import { type CheckedDockerfile, checkDockerfile } from './builds/check-dockerfile.ts';
import type { ContextDeps } from './builds/context-trees.ts';
import { type OpenedContext, openContext } from './builds/open-context.ts';
import type { RunnerDeps } from './builds/open-runner.ts';
import { stepDeps } from './builds/step-deps.ts';
import { StepImages } from './builds/step-images.ts';
import type { SealDeps } from './layers/seal.ts';
import type { PullDeps } from './pull.ts';
import { sweepDuplicates } from './store/duplicate-layers.ts';
import { tagTarget } from './tag.ts';

export interface BuildVerbDeps extends SealDeps {
  readonly host: Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  /** What a pull needs; opened when a base is not here. */
  readonly transfer: () => Promise<PullDeps>;
  readonly openTransport: () => Promise<Transport & AsyncDisposable>;
  /** How much of the cache stays. */
  readonly cacheLimit: () => Promise<CacheLimit | undefined>;
  /** What RUN needs; opened when one comes. */
  readonly containers: () => Promise<RunnerDeps>;
}

export interface BuildOptions {
  readonly signal?: AbortSignal;
  readonly onBuildEvent?: BuildEventSink;
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
  const signal = options.signal ?? new AbortController().signal;
  const emit = options.onBuildEvent ?? (() => undefined);
  const tags = (request.tags ?? []).map(tagTarget);
  await using scratch = await buildScratch(deps.store.root);
  const contexts: ContextDeps = {
    scratch: scratch.directory,
    cacheDirectory: new BuildPlaces(deps.store.root).contexts,
    openTransport: deps.openTransport,
    ...{ emit, signal },
  };
  await using context = await openContext(request, contexts);
  const checked = checkDockerfile(context, request);
  if (request.check) return { names: [], warnings: checked.warnings };
  const stored = new Set<Digest>();
  try {
    const state = { deps, request, emit, signal, stored, tags, contexts };
    return await buildHeld(state, context, checked);
  } finally {
    // Layers that turned out to be empty or to be here already, or, after a failure, whatever nothing holds.
    await sweepDuplicates(deps.store, stored);
  }
}

/** One build under way. */
interface Build {
  readonly deps: BuildVerbDeps;
  readonly request: BuildRequest;
  readonly emit: BuildEventSink;
  readonly signal: AbortSignal;
  readonly stored: Set<Digest>;
  readonly tags: readonly Reference[];
  readonly contexts: ContextDeps;
}

async function buildHeld(
  state: Build,
  context: OpenedContext,
  { dockerfile, warnings }: CheckedDockerfile,
): Promise<BuildResult> {
  const { deps, request, emit, tags, signal } = state;
  const { store } = deps;
  await using lease = await store.metadata.acquireLease('build');
  const hold = (...digests: Digest[]) => lease.add(...digests);
  const images = new StepImages(store, hold);
  let built: Awaited<ReturnType<typeof buildTarget>>;
  try {
    const cache = openBuildCache(store, lease);
    built = await buildTarget(stepDeps({ ...state, context, cache, images, hold }), {
      ...builderRequest(request, deps.host),
      dockerfile,
      dockerfileId: context.dockerfileId,
    });
  } finally {
    await images.record();
  }
  const { id } = built.image;
  if (id === undefined)
    throw new WherryError('INVALID_DOCKERFILE', 'No image was generated. Is your Dockerfile empty?');
  if (built.unusedArgs.length > 0)
    emit({
      kind: 'build-warning',
      message: `One or more build-args [${built.unusedArgs.join(' ')}] were not consumed`,
    });
  emit({ kind: 'built', id });
  const facts = store.metadata.findImage(id);
  if (facts === undefined) throw new Error(`image ${id} was built and is not here`);
  const taggedAt = deps.now();
  for (const ref of tags) store.metadata.putName({ ref, target: facts.manifest, imageId: id, taggedAt });
  store.metadata.noteUse(id);
  await store.publishIndex();
  for (const ref of tags) emit({ kind: 'build-tagged', ref });
  await limitBuildCache(deps, await deps.cacheLimit(), { signal });
  return { id, target: facts.manifest, names: tags, warnings };
}

function builderRequest(request: BuildRequest, host: Platform) {
  const { target, buildArgs = {}, labels = {}, limits = {}, network, epoch } = request;
  return {
    buildArgs,
    labels,
    contextNames: new Set(Object.keys(request.namedContexts ?? {})),
    platform: request.platforms?.[0] ?? host,
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
