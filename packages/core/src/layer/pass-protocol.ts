import type { TransferredError } from './error-transfer.ts';
import type { FilePiece, HashedPart } from './hash-piece.ts';
import type { LayerFacts } from './layer-facts.ts';
import type { LayerLimits } from './layer-pass.ts';

/** A layer this small that comes alone is read in the thread that asks: to start another would take longer. */
export const INLINE_BYTES = 2 * 1024 * 1024;

/** What hashes in a worker: Node's own SHA-256, or WebAssembly where the CPU has no SHA instructions. */
export type HashEngine = 'node' | 'wasm';

/** One layer, as posted to a worker. */
export interface PassRequest {
  readonly kind: 'pass';
  readonly path: string;
  readonly shared: SharedArrayBuffer;
  readonly hashEngine: HashEngine;
  readonly tocPath: string | undefined;
  readonly limits: LayerLimits;
  /** The diffID that is found will be compared: no other checksum of the content is needed. */
  readonly isDiffIDKnown: boolean;
  /** Where another thread hashes for this one. */
  readonly hashRing: SharedArrayBuffer | undefined;
}

/** Asks a worker to hash for another one until the ring is ended. */
export interface HashRequest {
  readonly kind: 'hash';
  readonly hashRing: SharedArrayBuffer;
  readonly hashEngine: HashEngine;
}

/** A piece of a file to hash. */
export interface PieceRequest {
  readonly kind: 'piece';
  readonly piece: FilePiece;
}

export type WorkerRequest = PassRequest | HashRequest | PieceRequest;

/** A worker's answer; it takes the next request after it. A hash request's has nothing in it. */
export interface WorkerReply {
  readonly facts?: LayerFacts;
  readonly hashed?: HashedPart;
  readonly error?: TransferredError;
}
