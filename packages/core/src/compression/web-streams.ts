import type { ByteSource } from '../bytes/byte-source.ts';

/** The parts of the platform's streams that are used here, in browsers and in Node alike. */
interface Reader<T> {
  read(): Promise<{ done: boolean; value?: T | undefined }>;
  cancel(reason?: unknown): Promise<void>;
}

export interface WebReadable {
  getReader(): Reader<Uint8Array>;
  pipeThrough(transform: unknown): WebReadable;
}

interface Platform {
  readonly ReadableStream: new (
    source: {
      pull(controller: { enqueue(chunk: Uint8Array): void; close(): void }): Promise<void>;
      cancel(): Promise<void>;
    },
    strategy: { highWaterMark: number },
  ) => WebReadable;
}

const platform = globalThis as unknown as Platform;

/** Makes a web stream that reads `source` at its reader's pace. */
export function toWebReadable(source: ByteSource): WebReadable {
  const iterator = source[Symbol.asyncIterator]();
  return new platform.ReadableStream(
    {
      async pull(controller) {
        const next = await iterator.next();
        if (next.done) controller.close();
        // An empty chunk would wake nobody; the stream pulls again only after one that counts.
        else controller.enqueue(next.value);
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Reads a web stream; cancels it when the reader stops. */
export async function* fromWebReadable(stream: WebReadable): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  let isDone = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || value === undefined) break;
      yield value;
    }
    isDone = true;
  } finally {
    // A stream that failed cannot be cancelled; its failure is already on its way to the caller.
    if (!isDone) await reader.cancel().catch(() => undefined);
  }
}

/** Remembers the error that the source ended with: a web stream in between may put another in its place. */
export class WatchedSource implements ByteSource {
  failure: { readonly error: unknown } | undefined;
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* this.#source;
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }
}
