import type { Digest } from '../digest.ts';
import type { Platform } from '../platform.ts';

/** Media type, digest and size of some content. OCI image-spec v1.1, descriptor.md. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes as stored, i.e. compressed. */
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  /** Where a non-distributable layer may be fetched. */
  readonly urls?: readonly string[];
}
