import { WherryError } from '../../errors.ts';

/**
 * What goes over the socket between a container's monitor and those who are attached: frames of one byte that
 * says what it is, four of length (big-endian), and so many bytes.
 */
export type AttachFrame =
  | { readonly kind: 'stdin' | 'stdout' | 'stderr'; readonly bytes: Uint8Array }
  /** The input ends. */
  | { readonly kind: 'stdin-end' }
  /** Who is attached leaves, and the input stays as it is. */
  | { readonly kind: 'detach' }
  | { readonly kind: 'resize'; readonly rows: number; readonly columns: number };

const KINDS = ['stdin', 'stdout', 'stderr', 'stdin-end', 'detach', 'resize'] as const;
const HEADER_BYTES = 5;
/** Above what one read of a pipe brings. */
const MAX_FRAME_BYTES = 1 << 20;
const SIZE_BYTES = 4;

export function encodeFrame(frame: AttachFrame): Uint8Array {
  const body = bodyOf(frame);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + body.length);
  bytes.writeUInt8(KINDS.indexOf(frame.kind), 0);
  bytes.writeUInt32BE(body.length, 1);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

/** Reads frames, however they are cut into chunks. Throws `CORRUPT`. */
export async function* decodeFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<AttachFrame> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER_BYTES) {
      const length = rest.readUInt32BE(1);
      if (length > MAX_FRAME_BYTES) throw corrupt(`${length} bytes, want ${MAX_FRAME_BYTES} at most`);
      if (rest.length < HEADER_BYTES + length) break;
      yield frameOf(rest[0] ?? 0, rest.subarray(HEADER_BYTES, HEADER_BYTES + length));
      rest = rest.subarray(HEADER_BYTES + length);
    }
  }
}

function bodyOf(frame: AttachFrame): Uint8Array {
  if ('bytes' in frame) return frame.bytes;
  if (frame.kind !== 'resize') return new Uint8Array(0);
  const size = Buffer.alloc(SIZE_BYTES);
  size.writeUInt16BE(frame.rows, 0);
  size.writeUInt16BE(frame.columns, 2);
  return size;
}

function frameOf(kindByte: number, body: Buffer): AttachFrame {
  const kind = KINDS[kindByte];
  switch (kind) {
    case 'stdin':
    case 'stdout':
    case 'stderr':
      return { kind, bytes: body };
    case 'stdin-end':
    case 'detach':
      return { kind };
    case 'resize':
      if (body.length !== SIZE_BYTES) throw corrupt(`a size of ${body.length} bytes, want ${SIZE_BYTES}`);
      return { kind, rows: body.readUInt16BE(0), columns: body.readUInt16BE(2) };
    default:
      throw corrupt(`unknown kind ${kindByte}`);
  }
}

function corrupt(fault: string): WherryError {
  return new WherryError('CORRUPT', `attach: frame: ${fault}`);
}
