/**
 * Gives a chunk's memory back at once instead of with the next garbage collection, of which V8 sees little
 * need while megabytes of buffers pass by. For the one who owns the chunk, when nobody will look at it again;
 * afterwards it is empty. Does nothing for a chunk that may share its memory with a later one.
 */
export function releaseChunk(chunk: Uint8Array): void {
  const { buffer, byteOffset, byteLength } = chunk;
  if (buffer instanceof ArrayBuffer && byteOffset + byteLength === buffer.byteLength) buffer.transfer(0);
}
