import type { ByteSource } from '../../../bytes/byte-source.ts';
import { isWherryError } from '../../../errors.ts';
import type { RegistryService } from '../registry-service.ts';
import type { UploadChunk } from '../upload-writer.ts';
import type { Quotas } from './quotas.ts';

/** The service, which refuses uploads of more than there is room for: before they are sent, or while. */
export function withQuotas(service: RegistryService, quotas: Quotas): RegistryService {
  return {
    ...service,
    putBlob: async (digest, chunk, access) => {
      if (access === undefined) return service.putBlob(digest, chunk);
      const body = bounded(quotas, access.repository, chunk.body);
      const blob = await service.putBlob(digest, { ...chunk, body }, access);
      quotas.commit(access.repository, digest, blob.size);
      return blob;
    },
    appendUpload: async (id, chunk, repository) => {
      try {
        if (repository !== undefined) service.requireUpload(id, repository);
        return await service.appendUpload(id, await within(service, quotas, id, chunk), repository);
      } catch (error) {
        await cancelRefused(service, id, error);
        throw error;
      } finally {
        await settle(service, quotas, id);
      }
    },
    commitUpload: async (id, digest, last, access) => {
      if (access === undefined) return service.commitUpload(id, digest, last);
      try {
        service.requireUpload(id, access.repository);
        const limited = last && (await within(service, quotas, id, last));
        const blob = await service.commitUpload(id, digest, limited, access);
        quotas.commit(access.repository, digest, blob.size, id);
        return blob;
      } catch (error) {
        await cancelRefused(service, id, error);
        await settle(service, quotas, id);
        throw error;
      }
    },
    cancelUpload: async (id, repository) => {
      await service.cancelUpload(id, repository);
      quotas.forget(id);
    },
  };
}

/** More bytes of an upload, of whose repository `Quotas.reserve` has heard. */
async function within(
  service: RegistryService,
  quotas: Quotas,
  id: string,
  chunk: UploadChunk,
): Promise<UploadChunk> {
  const repository = quotas.repositoryOf(id);
  if (repository === undefined) return chunk;
  const held = await service.uploadOffset(id);
  return { ...chunk, body: bounded(quotas, repository, chunk.body, id, held) };
}

/** Passes bytes on while there is room for them; who says beforehand how many has them reserved. */
async function* bounded(
  quotas: Quotas,
  repository: string,
  body: ByteSource,
  id?: string,
  held = 0,
): ByteSource {
  const room = quotas.room(repository, id);
  let seen = held;
  for await (const chunk of body) {
    seen += chunk.length;
    if (seen > room) throw quotas.refusal(repository, seen, id);
    yield chunk;
  }
}

async function settle(service: RegistryService, quotas: Quotas, id: string): Promise<void> {
  if (quotas.repositoryOf(id) === undefined) return;
  try {
    quotas.settle(id, await service.uploadOffset(id));
  } catch (error) {
    if (isWherryError(error, 'UPLOAD_UNKNOWN')) quotas.forget(id);
    // Otherwise another request uses it, which will say.
    else if (!isWherryError(error, 'CONFLICT')) throw error;
  }
}

/** What there is no room for would only keep others from what is left. */
async function cancelRefused(service: RegistryService, id: string, error: unknown): Promise<void> {
  if (!isWherryError(error, 'DENIED')) return;
  try {
    await service.cancelUpload(id);
  } catch (other) {
    if (!isWherryError(other, 'UPLOAD_UNKNOWN')) throw other;
  }
}
