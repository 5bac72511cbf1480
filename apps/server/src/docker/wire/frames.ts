/** The streams of a container, by the numbers that frames have for them. */
const STREAMS = { stdin: 0, stdout: 1, stderr: 2 } as const;
const HEADER_BYTES = 8;
const LENGTH_AT = 4;

/**
 * A piece of a stream that shares its connection with another: a byte for the stream, three of nothing, and four for
 * the length (big-endian), then the bytes; nothing of no bytes, as some clients take an empty frame for the end.
 * Engine API, "Attach to a container", "Stream format".
 */
export function frameOf(stream: keyof typeof STREAMS, bytes: Uint8Array): Buffer {
  if (bytes.length === 0) return Buffer.alloc(0);
  const frame = Buffer.alloc(HEADER_BYTES + bytes.length);
  frame.writeUInt8(STREAMS[stream], 0);
  frame.writeUInt32BE(bytes.length, LENGTH_AT);
  frame.set(bytes, HEADER_BYTES);
  return frame;
}
