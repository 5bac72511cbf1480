import { isDigest } from '../../../digest.ts';
import type { RegistryService } from '../registry-service.ts';
import { type RestoreStore, restoreBlob, restoreManifest } from './trash.ts';

/** The service, which brings back from the trash what somebody asks for. */
export function withTrash(service: RegistryService, store: RestoreStore): RegistryService {
  return {
    ...service,
    findBlob: async (digest, ...rest) => {
      const found = await service.findBlob(digest, ...rest);
      // It may lie where it belongs already: its records do not yet.
      return restoreBlob(store, digest) ? service.findBlob(digest, ...rest) : found;
    },
    findManifest: async (repository, reference) => {
      const found = await service.findManifest(repository, reference);
      if (found !== undefined || !isDigest(reference)) return found;
      if (!(await restoreManifest(store, repository, reference))) return undefined;
      return service.findManifest(repository, reference);
    },
  };
}
