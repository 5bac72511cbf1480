import type { Digest } from './digest.ts';
import type { Descriptor } from './oci/descriptor.ts';
import type { Reference } from './reference.ts';

/** What a layer is going through. Bytes where `current` and `total` are given. */
export type LayerPhase =
  | 'waiting'
  | 'downloading'
  | 'verifying'
  | 'downloaded'
  | 'exists'
  | 'done'
  | 'preparing'
  | 'compressing'
  | 'merging'
  | 'pushing'
  | 'pushed'
  | 'mounted'
  | 'loading'
  | 'extracting';

/** Progress of a long operation: plain data, how it looks is the app's business. */
export type ProgressEvent =
  | { readonly kind: 'resolving'; readonly ref: Reference }
  | { readonly kind: 'resolved'; readonly ref: Reference; readonly target: Descriptor }
  /** One of the keys that count for the name has signed what it points to. */
  | {
      readonly kind: 'verified';
      readonly ref: Reference;
      readonly digest: Digest;
      /** The key's, as the configuration has it. */
      readonly keyName: string;
    }
  | {
      readonly kind: 'layer';
      /** Of the layer as the operation names it: the blob for pull, the diffID for push and load. */
      readonly digest: Digest;
      readonly phase: LayerPhase;
      readonly current?: number;
      readonly total?: number;
      /** Bytes kept from an earlier, broken attempt. */
      readonly resumedFrom?: number;
      /** The repository a blob was mounted from. */
      readonly mountedFrom?: string;
    }
  | { readonly kind: 'pushing'; readonly ref: Reference }
  | { readonly kind: 'tag-pushed'; readonly ref: Reference; readonly target: Descriptor }
  | { readonly kind: 'image-loaded'; readonly ref?: Reference; readonly id: Digest }
  /** A plain URL answers; bytes where they are known. */
  | { readonly kind: 'fetching'; readonly url: string; readonly total?: number }
  | { readonly kind: 'warning'; readonly message: string };

/** What every long operation takes. */
export interface VerbOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
}
