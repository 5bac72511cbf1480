import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to the answers for one blob after so many of its bytes were sent. */
export interface Interruption {
  /** Bytes of the blob, over all answers, after which it happens. */
  readonly after: number;
  /** `reset`: the connection breaks, now and at every later try; `hold`: the rest does not come. */
  readonly kind: 'reset' | 'hold';
}

/** The client has read what is on its way before a connection is reset under it. */
const SETTLE_MS = 300;

/**
 * Stands before a registry, counts the bytes of each blob that clients got, and interrupts those it is told
 * to.
 */
export class BlobProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #upstream: string;
  readonly #sent = new Map<string, number>();
  readonly #interruptions = new Map<string, Interruption>();
  readonly #held = new Map<string, () => void>();
  /** Slows every blob down, so that what runs side by side overlaps. */
  bytesPerSecond = Number.POSITIVE_INFINITY;

  private constructor(upstream: string) {
    this.#upstream = upstream;
    this.#server = createServer((incoming, outgoing) => {
      this.#forward(incoming, outgoing).catch(() => outgoing.destroy());
    });
  }

  static async start(upstream: string): Promise<BlobProxy> {
    const proxy = new BlobProxy(upstream);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Bytes of the blob that were sent, over all answers. */
  sent(digest: string): number {
    return this.#sent.get(digest) ?? 0;
  }

  /** Digests of which something was sent. */
  get blobs(): string[] {
    return [...this.#sent.keys()];
  }

  /** Resolves when the interruption has happened for the first time. */
  interrupt(digest: string, interruption: Interruption): Promise<void> {
    this.#interruptions.set(digest, interruption);
    return new Promise((resolve) => this.#held.set(digest, resolve));
  }

  /** From now on all goes through. */
  relent(): void {
    this.#interruptions.clear();
  }

  forgetCounts(): void {
    this.#sent.clear();
  }

  async #forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const [host, port] = this.#upstream.split(':');
    const { method, url, headers } = incoming;
    const upstream = request({ host, port, method, path: url, headers });
    outgoing.once('close', () => upstream.destroy());
    incoming.pipe(upstream);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      upstream.once('response', resolve).once('error', reject);
    });
    const digest = /\/blobs\/(sha256:[0-9a-f]{64})$/.exec(url ?? '')?.[1];
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    outgoing.flushHeaders();
    if (method !== 'GET' || digest === undefined)
      for await (const chunk of answer) await write(outgoing, chunk);
    else if (!(await this.#sendBlob(digest, answer, outgoing))) return;
    outgoing.end();
  }

  /** Tells whether the answer is to be ended. */
  async #sendBlob(digest: string, answer: IncomingMessage, outgoing: ServerResponse): Promise<boolean> {
    for await (const chunk of answer) {
      const { after, kind } = this.#interruptions.get(digest) ?? { after: Number.POSITIVE_INFINITY };
      const sent = this.sent(digest);
      const room = Math.max(0, after - sent);
      const part: Buffer = chunk.subarray(0, room);
      // Before it waits: the blob may be asked for a second time meanwhile.
      this.#sent.set(digest, sent + part.length);
      if (part.length > 0) await write(outgoing, part);
      if (outgoing.destroyed) return false;
      if (part.length < chunk.length) {
        await sleep(SETTLE_MS);
        if (kind === 'reset') outgoing.socket?.resetAndDestroy();
        this.#held.get(digest)?.();
        return false;
      }
      if (Number.isFinite(this.bytesPerSecond)) await sleep((part.length / this.bytesPerSecond) * 1000);
    }
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function write(outgoing: ServerResponse, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    outgoing.once('close', resolve);
    outgoing.write(chunk, () => {
      outgoing.off('close', resolve);
      resolve();
    });
  });
}
