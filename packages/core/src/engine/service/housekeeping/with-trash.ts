import { isDigest } from '../../../digest.ts';
import type { RegistryService } from '../registry-service.ts';
import { type RestoreStore, restoreBlob, restoreManifest } from './trash.ts';

/** The service, which brings back from the trash what somebody asks for. */
export function withTrash(service: RegistryService, store: RestoreStore): RegistryService {
  const foundOrRestored = async (
    finding: ReturnType<RegistryService['findManifest']>,
    repository: string,
    reference: string,
  ) => {
    const found = await finding;
    if (found !== undefined || !isDigest(reference)) return found;
    if (!(await restoreManifest(store, repository, reference))) return undefined;
    return service.findManifest(repository, reference);
  };
  return {
    ...service,
    // First, for with it comes back which repositories have it, and in which it was deleted.
    findBlob: async (digest, access) => {
      restoreBlob(store, digest);
      return service.findBlob(digest, access);
    },
    mountBlob: async (digest, access) => {
      restoreBlob(store, digest);
      return service.mountBlob(digest, access);
    },
    findManifest: (repository, reference) => {
      const found = service.findManifest(repository, reference);
      if (found !== undefined && !(found instanceof Promise)) return found;
      return foundOrRestored(found, repository, reference);
    },
  };
}
