import type { Digest } from '../digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Row } from './metadata-database.ts';

/** The values of the columns digest, media type, size and `extra`: what else there is, as JSON, or null. */
export function descriptorValues(
  descriptor: Descriptor,
): [digest: string, mediaType: string, size: number, extra: string | null] {
  const { digest, mediaType, size, ...extra } = descriptor;
  return [digest, mediaType, size, Object.keys(extra).length === 0 ? null : JSON.stringify(extra)];
}

/** Reads a descriptor from the columns of `row` whose names begin with `prefix`. */
export function toDescriptor(row: Row, prefix: '' | 'manifest_' | 'target_'): Descriptor {
  const extra = row[`${prefix}extra`];
  const descriptor = {
    mediaType: row[`${prefix}media_type`] as string,
    digest: row[`${prefix}digest`] as Digest,
    size: row[`${prefix}size`] as number,
  };
  return typeof extra === 'string'
    ? { ...descriptor, ...(JSON.parse(extra) as Partial<Descriptor>) }
    : descriptor;
}
