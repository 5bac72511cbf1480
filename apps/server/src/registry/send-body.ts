import type { FastifyReply } from 'fastify';

/**
 * Sends an answer of `length` bytes that `produce` hands over chunk by chunk; the memory of a chunk is free to be
 * used again when its promise resolves. Until the first one an error of `produce` is answered as any other; after
 * it the connection is cut, so that nobody takes a part for the whole.
 */
export async function sendBody(
  reply: FastifyReply,
  length: number,
  produce: (sink: (chunk: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<FastifyReply> {
  const { raw } = reply;
  let hasBegun = false;
  const sink = async (chunk: Uint8Array) => {
    if (!hasBegun) begin();
    await write(chunk);
  };
  const begin = () => {
    hasBegun = true;
    reply.header('content-length', length).hijack();
    raw.writeHead(reply.statusCode, reply.getHeaders() as Record<string, string>);
  };
  const write = (chunk: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      const gone = () => reject(Object.assign(new Error('the client is gone'), { code: 'ECONNRESET' }));
      if (raw.destroyed) return gone();
      raw.once('close', gone);
      raw.write(chunk, (error) => {
        raw.off('close', gone);
        if (error) reject(error);
        else resolve();
      });
    });
  try {
    await produce(sink);
    raw.end();
  } catch (error) {
    if (!hasBegun) throw error;
    raw.destroy(error as Error);
  }
  return reply;
}
