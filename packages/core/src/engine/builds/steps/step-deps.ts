import type { BuildDeps, StepRunner } from '../../../build/build-deps.ts';
import type { BuildEventSink } from '../../../build/build-event.ts';
import type { BuildCache } from '../../../build/cache/build-cache.ts';
import type { SourceTree } from '../../../build/source-tree.ts';
import type { Digest } from '../../../digest.ts';
import { formatReference } from '../../../reference.ts';
import type { BuildVerbDeps } from '../../build.ts';
import type { BuildRequest, NamedContext } from '../../build-request.ts';
import { layerEntries, layerTar } from '../../layers/layer-entries.ts';
import { openPlainTar } from '../../layers/plain-tar.ts';
import { storeRevisedLayer } from '../../layers/revise-layer.ts';
import type { ContextDeps } from '../contexts/context-trees.ts';
import { type LayoutContext, layoutText } from '../contexts/layout-context.ts';
import { type OpenedContext, openNamedContext } from '../contexts/open-context.ts';
import { remoteOrigin } from '../contexts/remote-origin.ts';
import { BaseImages } from './base-images.ts';
import { requireRunnable } from './foreign-programs.ts';
import { openRunner } from './open-runner.ts';
import { buildSecrets } from './secrets.ts';
import type { StepImages } from './step-images.ts';
import { StepLayers } from './step-layers.ts';

/** One build under way, as its steps see it. */
export interface StepParts {
  readonly deps: BuildVerbDeps;
  readonly request: BuildRequest;
  readonly context: OpenedContext;
  readonly contexts: ContextDeps;
  readonly cache: BuildCache;
  readonly images: StepImages;
  /** Keeps digests from the sweep until the build is over. */
  readonly hold: (...digests: Digest[]) => void;
  /** The layers that were stored. */
  readonly stored: Set<Digest>;
  readonly emit: BuildEventSink;
  readonly signal: AbortSignal;
}

/** What steps need, over the store. */
export function stepDeps(parts: StepParts): BuildDeps {
  const { deps, request, context, cache, images, hold, emit, signal } = parts;
  const { store } = deps;
  const { pull = false, verify = false, namedContexts = {} } = request;
  const { host, passes, transfer } = deps;
  const layouts = layoutsOf(namedContexts);
  const bases = new BaseImages({ store, host, passes, layouts, transfer, pull, verify, hold, signal });
  const others = new Map<string, Promise<SourceTree>>();
  const layers = new StepLayers(parts);
  let runner: Promise<StepRunner> | undefined;
  return {
    host,
    base: (text, platform, step) =>
      bases.find(text, platform, (event) => emit({ kind: 'build-pull', step, event })),
    context: async (name) => {
      if (name === undefined) return context.tree;
      const found = others.get(name) ?? openOther(name, namedContexts[name], parts.contexts);
      others.set(name, found);
      return await found;
    },
    namedImage: (name) => imageText(namedContexts[name]),
    remote: (source, options) => remoteOrigin(source, options, parts.contexts),
    storeLayer: async (tar, bytes) => {
      const { layer, stored } = await layers.begin(tar, bytes);
      await stored;
      return layer;
    },
    beginLayer: (tar) => layers.begin(tar),
    reviseLayer: ({ digest }, editsOf) =>
      storeRevisedLayer(store, digest, editsOf, { hold: (facts) => layers.hold(facts), signal }),
    layerEntries: async (layer) => {
      await layers.isThere(layer);
      return layerEntries(store, layer.digest, signal);
    },
    async *layerTar(layer) {
      await layers.isThere(layer);
      yield* layerTar(store, layer.digest);
    },
    openPlainTar: ({ digest }) => openPlainTar(store, digest),
    isKnown: (id) => store.metadata.findImage(id) !== undefined,
    keep: (image) => images.add(image),
    cache,
    runner: async (platform) => {
      await requireRunnable(platform, deps.host);
      runner ??= deps
        .containers()
        .then((found) => openRunner(found, parts.contexts.scratch, buildSecrets(request, deps.env), signal));
      return await runner;
    },
    ...{ emit, signal },
  };
}

async function openOther(
  name: string,
  context: NamedContext | undefined,
  contexts: ContextDeps,
): Promise<SourceTree> {
  if (context === undefined || context.kind === 'image' || context.kind === 'layout')
    throw new Error(`${name} is no context of files`);
  return openNamedContext(name, context, contexts);
}

function imageText(context: NamedContext | undefined): string | undefined {
  if (context?.kind === 'layout') return layoutText(context);
  return context?.kind === 'image' ? formatReference(context.ref) : undefined;
}

function layoutsOf(contexts: Readonly<Record<string, NamedContext>>): ReadonlyMap<string, LayoutContext> {
  const layouts = Object.values(contexts).filter((context) => context.kind === 'layout');
  return new Map(layouts.map((context) => [layoutText(context), context]));
}
