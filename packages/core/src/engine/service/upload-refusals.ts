import { WherryError } from '../../errors.ts';
import type { UploadChunk } from './upload-writer.ts';

/** Throws `INVALID_RANGE` with the true offset in `details.offset` for a chunk that begins elsewhere. */
export function requireStart({ startAt }: UploadChunk, offset: number): void {
  if (startAt === undefined || startAt === offset) return;
  throw new WherryError('INVALID_RANGE', `upload is at offset ${offset}, chunk begins at ${startAt}`, {
    details: { offset },
  });
}

/** There is no such session, or none for who asks. */
export function unknownUpload(id: string): WherryError {
  return new WherryError('UPLOAD_UNKNOWN', `upload ${id.slice(0, 64)} not found`, {
    hint: 'start a new upload',
  });
}

/** Another request uses the session. */
export function busyUpload(id: string, cause?: unknown): WherryError {
  return new WherryError('CONFLICT', `upload ${id} is in use by another request`, { cause });
}
