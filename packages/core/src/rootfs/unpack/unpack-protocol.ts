import type { TransferredError } from '../../layer/error-transfer.ts';
import type { Ownership } from '../privileges.ts';
import type { UnpackedFacts } from './layer-unpacker.ts';

export interface UnpackLimits {
  /** Most bytes that the tar may have; as for `LayerPass` unless given. */
  readonly maxTarBytes?: number;
  /** Most entries that the tar may have; 5 million unless given. */
  readonly maxEntries?: number;
}

/** One layer to unpack, as posted to a worker. */
export interface UnpackRequest extends UnpackLimits {
  /** The blob, and the shared part of the `GrowingFile` that says how much of it there is. */
  readonly path: string;
  readonly shared: SharedArrayBuffer;
  /** Where the layer's files go: an empty directory. */
  readonly directory: string;
  /** An empty directory of ours on the same file system, for what is on its way. */
  readonly workDirectory: string;
  readonly ownership: Ownership;
  /** What a blob that is not compressed must hash to: it carries no checksum of its own. */
  readonly diffID: string;
  /** A big integer: bytes of the blob that have been read. */
  readonly progress: SharedArrayBuffer;
}

export interface UnpackReply {
  readonly facts?: UnpackedFacts;
  readonly error?: TransferredError;
}
