/** Cuts bytes into chunks of `size`, the last one shorter. No bytes are no chunks. */
export function chunksOf(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}

/** The ways every byte parser takes its cases: whole, byte by byte, in pieces that fit no block. */
export function chunkings(bytes: Uint8Array): readonly { name: string; chunks: readonly Uint8Array[] }[] {
  return [
    { name: 'one chunk', chunks: bytes.length === 0 ? [] : [bytes] },
    { name: 'one byte at a time', chunks: chunksOf(bytes, 1) },
    { name: 'odd-sized chunks', chunks: chunksOf(bytes, 321) },
  ];
}
