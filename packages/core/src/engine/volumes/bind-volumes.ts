import type { VolumeDeps } from './volume-deps.ts';
import type { VolumeVerbs } from './volume-verbs.ts';

/** The verbs over what `open` gives; each loads its code when it is first called. */
export function bindVolumes(open: () => Promise<VolumeDeps>): VolumeVerbs {
  return {
    create: async (request) => (await import('./create.ts')).createVolume(await open(), request),
    list: async (request) => (await import('./list.ts')).listVolumes(await open(), request),
    inspect: async (volume) => (await import('./inspect.ts')).inspectVolume(await open(), volume),
    remove: async (request) => (await import('./remove.ts')).removeVolume(await open(), request),
    prune: async (request, options) =>
      (await import('./prune.ts')).pruneVolumes(await open(), request, options),
  };
}
