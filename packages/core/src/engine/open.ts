import { hostPlatform } from '../platform.ts';
import { bindContainers } from './containers/bind-containers.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { Parts } from './parts.ts';
import { storeRoot } from './store/default-root.ts';
import { bindVolumes } from './volumes/bind-volumes.ts';

/**
 * Opens an engine over the store at `options.root`. Nothing is read or made before a verb needs it, and a
 * verb's code is loaded when it is first called: listing images does not wait for the registry client.
 */
export function openEngine(options: EngineOptions = {}): Engine {
  const env = options.env ?? process.env;
  const root = storeRoot(options.root, env);
  const host = hostPlatform(process.platform, process.arch);
  const parts = new Parts({ root, env, host, options });
  return {
    root,
    containers: bindContainers(
      () => parts.containers(),
      async () => (await parts.local()).store,
    ),
    volumes: bindVolumes(() => parts.local()),
    ...transferVerbs(parts),
    ...imageVerbs(parts),
    ...archiveVerbs(parts),
    ...systemVerbs(parts),
    withCredentials: (given, access) => {
      const { describeRemote, pull, pullAllTags, push, pushAllTags, search, tags, build } = {
        ...transferVerbs(parts.withCredentials(given, access)),
        ...archiveVerbs(parts.withCredentials(given, access)),
      };
      return { describeRemote, pull, pullAllTags, push, pushAllTags, search, tags, build };
    },
    close: () => parts.close(),
    [Symbol.asyncDispose]: () => parts.close(),
  };
}

function transferVerbs(parts: Parts) {
  return {
    pull: async (request, options) =>
      (await import('./pull.ts')).pull(await parts.transfer(), request, options),
    pullAllTags: async (request, options) =>
      (await import('./pull.ts')).pullAllTags(await parts.transfer(), request, options),
    checkPull: async (request, options) =>
      (await import('./check-pull.ts')).checkPull(await parts.transfer(), request, options),
    outdated: async (request, options) =>
      (await import('./outdated.ts')).outdated(await parts.transfer(), request, options),
    tags: async (request, options) =>
      (await import('./tags.ts')).tags(await parts.access(), request, options),
    push: async (request, options) =>
      (await import('./push.ts')).push(await parts.transfer(), request, options),
    pushAllTags: async (request, options) =>
      (await import('./push.ts')).pushAllTags(await parts.transfer(), request, options),
    copy: async (request, options) =>
      (await import('./copy.ts')).copy(await parts.copies(), request, options),
    tagRemote: async (request, options) =>
      (await import('./tag-remote.ts')).tagRemote(await parts.copies(), request, options),
    removeRemote: async (request, options) =>
      (await import('./remove-remote.ts')).removeRemote(await parts.access(), request, options),
    inspectRemote: async (request, options) =>
      (await import('./inspect-remote.ts')).inspectRemote(await parts.copies(), request, options),
    describeRemote: async (request, options) =>
      (await import('./describe-remote.ts')).describeRemote(await parts.access(), request, options),
    verify: async (request, options) =>
      (await import('./verify.ts')).verify(await parts.access(), request, options),
    login: async (request, options) =>
      (await import('./login.ts')).login(await parts.access(), request, options),
    tryLogin: async (request, options) =>
      (await import('./login.ts')).tryLogin(await parts.access(), request, options),
    logout: async (server) => (await import('./login.ts')).logout(await parts.access(), server),
    storedLogin: async (server) => (await import('./login.ts')).storedLogin(await parts.access(), server),
    search: async (request, options) =>
      (await import('./search.ts')).search(await parts.access(), request, options),
    explainPull: async (ref) => (await parts.access()).registry.endpoints(ref),
    rateLimit: async (registry = 'docker.io', options) =>
      (await parts.access()).registry.rateLimit(registry, options?.signal),
  } satisfies Partial<Engine>;
}

function imageVerbs(parts: Parts) {
  return {
    images: async (request) => (await import('./images.ts')).images(await parts.local(), request),
    imageTree: async (request) => (await import('./image-tree.ts')).imageTree(await parts.local(), request),
    names: async () => (await import('./names.ts')).names(await parts.local()),
    tag: async (request) => (await import('./tag.ts')).tag(await parts.local(), request),
    inspect: async (image, choice) =>
      (await import('./inspect.ts')).inspect(await parts.local(), image, choice),
    ignoredFiles: async (request, options) =>
      (await import('./ignored-files.ts')).ignoredFiles(request, options),
    history: async (image, choice) =>
      (await import('./history.ts')).history(await parts.local(), image, choice),
    remove: async (request) => (await import('./remove.ts')).remove(await parts.local(), request),
    prune: async (request, options) =>
      (await import('./prune.ts')).prune(
        { ...(await parts.local()), configuredFilters: async () => (await parts.settings()).pruneFilters },
        request,
        options,
      ),
    pin: async (image) => (await import('./pin.ts')).pin(await parts.local(), image),
    unpin: async (image) => (await import('./pin.ts')).unpin(await parts.local(), image),
  } satisfies Partial<Engine>;
}

function archiveVerbs(parts: Parts) {
  return {
    save: async function* (request, options) {
      const { save } = await import('./save.ts');
      yield* save(await parts.transfer(), request, options);
    },
    load: async (request, options) =>
      (await import('./load.ts')).load(await parts.layers(), request, options),
    convert: async (request, options) =>
      (await import('./convert.ts')).convert(await parts.layers(), request, options),
    squash: async (request, options) =>
      (await import('./squash.ts')).squash(await parts.layers(), request, options),
    build: async (request, options) => {
      const { build } = await import('./build.ts');
      return build(await parts.builds(), request, options);
    },
    verifyBuild: async (request, options) =>
      (await import('./verify-build.ts')).verifyBuild(await parts.builds(), request, options),
    commit: async (request, options) => {
      const { commit } = await import('./containers/commit.ts');
      return commit({ ...(await parts.containers()), ...(await parts.layers()) }, request, options);
    },
    import: async (request, options) =>
      (await import('./import.ts')).importImage(await parts.download(), request, options),
  } satisfies Partial<Engine>;
}

function systemVerbs(parts: Parts) {
  return {
    check: async (request, options) =>
      (await import('./check.ts')).check(
        {
          ...(await parts.layers()),
          ...(process.platform === 'linux' && { containers: () => parts.containers() }),
        },
        request,
        options,
      ),
    diskUsage: async () => (await import('./disk-usage.ts')).diskUsage(await parts.local()),
    layerUsage: async () => (await import('./layer-usage.ts')).layerUsage(await parts.local()),
    buildCache: async (request) =>
      (await import('./build-cache-list.ts')).listBuildCache(await parts.local(), request),
    pruneBuildCache: async (request, options) =>
      (await import('./build-cache-prune.ts')).pruneBuildCache(await parts.local(), request, options),
    systemPrune: async (request, options) =>
      (await import('./system-prune.ts')).systemPrune(
        {
          ...(await parts.local()),
          configuredFilters: async () => (await parts.settings()).pruneFilters,
          containers: () => parts.containers(),
        },
        request,
        options,
      ),
    info: async () =>
      (await import('./info.ts')).info({ ...(await parts.local()), ...(await parts.settings()) }),
  } satisfies Partial<Engine>;
}
