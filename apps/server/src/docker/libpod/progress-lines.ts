import type { Digest, ProgressEvent, VerbOptions } from '@wherry/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { abortWhenGone, type JsonStream, streamJson } from '../wire/json-stream.ts';
import { LibpodQuery } from './libpod-query.ts';

/** Sends how a transfer gets on as lines of text, which podman prints as they come. */
export class ProgressLines {
  readonly #send: JsonStream['send'];
  readonly #shown = new Set<Digest>();

  constructor(send: JsonStream['send']) {
    this.#send = send;
  }

  line(text: string): void {
    this.#send({ stream: `${text}\n` });
  }

  add(event: ProgressEvent): void {
    if (event.kind === 'warning') this.line(`WARNING: ${event.message}`);
    else if (event.kind === 'layer') this.#layer(event.digest);
    else if (event.kind === 'tag-pushed') this.line(`Writing manifest ${event.target.digest}`);
  }

  /** A layer has one line, however it fares. */
  #layer(digest: Digest): void {
    if (this.#shown.has(digest)) return;
    this.#shown.add(digest);
    this.line(`Copying blob ${digest}`);
  }
}

/** A transfer; what it returns is the last that the client is told. */
export type Transfer = (
  lines: ProgressLines,
  options: Required<Pick<VerbOptions, 'onProgress' | 'signal'>>,
) => Promise<Readonly<Record<string, unknown>> | undefined>;

/**
 * Runs a transfer that reports in lines, of which a fault is the last; with `quiet` in the query there are none, and
 * a fault has a status of its own.
 */
export async function runTransfer(
  request: FastifyRequest,
  reply: FastifyReply,
  transfer: Transfer,
): Promise<FastifyReply> {
  if (new LibpodQuery(request).flag('quiet')) return await runQuietly(reply, transfer);
  return await streamJson(
    request,
    reply,
    async ({ send, signal }) => {
      const lines = new ProgressLines(send);
      const result = await transfer(lines, { signal, onProgress: lines.add.bind(lines) });
      if (result) send(result);
    },
    { faultsInStream: true },
  );
}

async function runQuietly(reply: FastifyReply, transfer: Transfer): Promise<FastifyReply> {
  const { release, signal } = abortWhenGone(reply);
  try {
    const lines = new ProgressLines(() => {});
    const result = await transfer(lines, { signal, onProgress: () => {} });
    return reply.send(result ?? '');
  } finally {
    release();
  }
}
