import { StringDecoder } from 'node:string_decoder';
import {
  type BuildEvent,
  familiarName,
  formatReference,
  isWherryError,
  type ProgressEvent,
  type StepEvent,
} from '@wherry/core';
import type { Io } from '../../io.ts';
import { asciiJson } from '../printable.ts';
import type { BuildPrinter } from './build-printer.ts';

/** Prints an object a line for each event, as it comes; `docs/compatibility.md` has the form. */
export class RawJsonPrinter implements BuildPrinter {
  readonly #io: Io;
  /** Characters may be cut in two by chunks. */
  readonly #decoders = new Map<string, StringDecoder>();

  constructor(io: Io) {
    this.#io = io;
  }

  add(event: BuildEvent): void {
    const time = this.#io.now().toISOString();
    this.#io.stdout.write(`${asciiJson({ time, ...this.#plain(event) })}\n`);
  }

  close(): void {
    // Each event was printed when it came.
  }

  #plain(event: BuildEvent): object {
    switch (event.kind) {
      case 'build-output':
        return { ...event, chunk: undefined, text: this.#textOf(event) };
      case 'build-pull':
        return { ...event, event: plainProgress(event.event) };
      case 'build-push':
        return { kind: event.kind, name: familiarName(event.ref), event: plainProgress(event.event) };
      case 'build-step-failed':
        return { ...event, error: plainError(event.error) };
      case 'build-tagged':
        return { kind: event.kind, name: familiarName(event.ref) };
      default:
        return event;
    }
  }

  #textOf({ step, stream, chunk }: Extract<StepEvent, { readonly kind: 'build-output' }>): string {
    const key = `${step.number} ${stream}`;
    const decoder = this.#decoders.get(key) ?? new StringDecoder('utf8');
    this.#decoders.set(key, decoder);
    return decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }
}

function plainProgress(event: ProgressEvent): object {
  return 'ref' in event && event.ref !== undefined ? { ...event, ref: formatReference(event.ref) } : event;
}

function plainError(error: Error): object {
  const { message } = error;
  return isWherryError(error) ? { code: error.code, message } : { code: 'INTERNAL', message };
}
