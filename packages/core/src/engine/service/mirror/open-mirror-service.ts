import { homedir } from 'node:os';
import { systemClock } from '../../../clock.ts';
import { loadRegistryConfig } from '../../../config/registry-config.ts';
import { layoutBlobPath } from '../../../content/store-paths.ts';
import { storeRoot } from '../../store/default-root.ts';
import { openStore } from '../../store/open-store.ts';
import { Eviction } from './eviction.ts';
import { createMirrorService, type MirrorService } from './mirror-service.ts';
import { openUpstreamClient, Upstream, type UpstreamSettings } from './upstream.ts';

/** How to open a store for a mirror. */
export interface MirrorServiceOptions {
  /** Directory of the store; absent: `WHERRY_ROOT`, else the platform's data directory. */
  readonly root?: string;
  /** Absent: the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** As in `EngineOptions`. */
  readonly configFile?: string;
  readonly dockerConfigDir?: string;
  readonly upstreams: readonly UpstreamSettings[];
  /** How long an upstream is not asked again about a tag. */
  readonly tagTtlMs: number;
  /** Most bytes of cached content; absent: no limit. */
  readonly maxBytes?: number;
  /** Repositories whose content stays: `docker.io/library/ubuntu`, `docker.io/library/*`. */
  readonly pins?: readonly string[];
}

/**
 * Opens the store and the mirror over it, with the credentials that the configuration has for each upstream.
 * Throws `INVALID_CONFIG`, `INVALID_ARGUMENT`, `BLOCKED` and what opening a store throws.
 */
export async function openMirrorService(options: MirrorServiceOptions): Promise<MirrorService> {
  const env = options.env ?? process.env;
  const { configFile, dockerConfigDir } = options;
  const config = await loadRegistryConfig({
    env,
    home: env.HOME || homedir(),
    ...(configFile && { configFile }),
    ...(dockerConfigDir && { dockerConfigDir }),
  });
  const upstreams = options.upstreams.map(
    (settings) => new Upstream(settings.name, openUpstreamClient(settings, config), systemClock),
  );
  const store = openStore(storeRoot(options.root, env));
  const { blobs, metadata } = store;
  const eviction = new Eviction({
    cache: metadata.mirror,
    sweep: (candidates) => store.sweep(candidates),
    pins: options.pins ?? [],
    ...(options.maxBytes !== undefined && { maxBytes: options.maxBytes }),
  });
  return createMirrorService({
    blobs,
    pathOf: layoutBlobPath,
    cache: metadata.mirror,
    upstreams,
    eviction,
    clock: systemClock,
    tagTtlMs: options.tagTtlMs,
    close: async () => {
      for (const { client } of upstreams) await client.close();
      store.close();
    },
  });
}
