import type { ByteSource } from '../../bytes/byte-source.ts';
import { takeHead } from '../../compression/decompress.ts';
import { detectCompression } from '../../compression/detect.ts';
import { isWherryError } from '../../errors.ts';
import { BLOCK_BYTES } from '../../tar/header.ts';
import { TsTarScanner } from '../../tar/ts-tar-scanner.ts';

/** What comes from a stream that may be a build context; `source` is all of it. */
export interface ContextInput {
  readonly kind: 'archive' | 'dockerfile';
  readonly source: ByteSource;
}

/**
 * Tells an archive, packed or not, from a Dockerfile, as `docker build -` and the URL of a Dockerfile need it. No text
 * passes for a tar: of its first block the check sum must be right.
 */
export async function detectContextInput(source: ByteSource): Promise<ContextInput> {
  const { head, rest } = await takeHead(source, BLOCK_BYTES);
  const isArchive = detectCompression(head) !== 'none' || isTar(head.subarray(0, BLOCK_BYTES));
  return { kind: isArchive ? 'archive' : 'dockerfile', source: rest };
}

function isTar(block: Uint8Array): boolean {
  if (block.length < BLOCK_BYTES) return false;
  const scanner = new TsTarScanner();
  try {
    scanner.push(block);
    // An error is thrown by the call that follows it.
    scanner.push(new Uint8Array(0));
    return true;
  } catch (error) {
    if (isWherryError(error, 'INVALID_TAR')) return false;
    throw error;
  }
}
