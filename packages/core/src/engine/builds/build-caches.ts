import type { Digest } from '../../digest.ts';
import type { Lease } from '../../metadata/metadata-store.ts';
import type { ImportedCache } from '../build-cache/imported-cache.ts';
import { SharedCache } from '../build-cache/shared-cache.ts';
import { openBuildCache } from '../build-cache/stored-build-cache.ts';
import type { PushDeps } from '../push.ts';
import type { ResultContext } from './built-image.ts';

/** The caches of one build: the store's, those it may take from, and those that it fills. */
export interface BuildCaches extends AsyncDisposable {
  readonly cache: SharedCache;
  /** Fills the caches that were asked for. `result`: diffIDs of the layers that the build came to. */
  exportAll(result: ReadonlySet<Digest>): Promise<void>;
}

export async function openCaches(
  context: ResultContext,
  lease: Lease,
  transfer: () => Promise<PushDeps>,
): Promise<BuildCaches> {
  const { deps, request, emit, hold, signal } = context;
  const { cacheFrom = [], cacheTo = [] } = request;
  const registry = async () => (await transfer()).registry;
  const warn = (message: string) => emit({ kind: 'build-warning', message });
  const others: ImportedCache[] = [];
  // What few builds need is loaded when it is needed.
  if (cacheFrom.length > 0) {
    const { ImportedCache } = await import('../build-cache/imported-cache.ts');
    for (const place of cacheFrom)
      others.push(new ImportedCache(place, { ...deps, registry, hold, warn, signal }));
  }
  const own = openBuildCache(deps.store, lease);
  const cache = new SharedCache(own, others);
  return {
    cache,
    async exportAll(result) {
      for (const target of cacheTo) {
        const [{ exportCache }, { jobs }] = await Promise.all([
          import('../build-cache/export-cache.ts'),
          transfer(),
        ]);
        await exportCache({ context, registry, jobs }, { used: cache.used, result }, target);
      }
    },
    async [Symbol.asyncDispose]() {
      await own[Symbol.asyncDispose]();
      for (const other of others) await other[Symbol.asyncDispose]();
    },
  };
}
