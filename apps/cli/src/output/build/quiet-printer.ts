import type { BuildEvent } from '@wherry/core';
import { type Io, ioWith, type StdOut } from '../../io.ts';
import type { BuildPrinter } from './build-printer.ts';
import { ClassicPrinter } from './classic-printer.ts';

/** Bytes of what a build printed that are kept for the case that it fails. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;

/** Prints nothing, and all to standard error if the build fails; of very much, the end. */
export class QuietPrinter implements BuildPrinter {
  readonly #io: Io;
  readonly #classic: ClassicPrinter;
  readonly #kept: Uint8Array[] = [];
  #keptBytes = 0;

  constructor(io: Io) {
    this.#io = io;
    const stdout: StdOut = {
      isTTY: false,
      write: (text) => this.#keep(Buffer.from(text)),
      writeBytes: async (chunk) => this.#keep(chunk),
    };
    this.#classic = new ClassicPrinter(ioWith(io, { stdout: () => stdout }));
  }

  add(event: BuildEvent): void {
    this.#classic.add(event);
  }

  close(): void {
    this.#classic.close();
  }

  /** Prints what was kept. */
  tell(): void {
    for (const chunk of this.#kept.splice(0)) void this.#io.stderr.writeBytes(chunk);
  }

  #keep(chunk: Uint8Array): void {
    this.#kept.push(chunk);
    this.#keptBytes += chunk.length;
    while (this.#keptBytes > MAX_KEPT_BYTES) this.#keptBytes -= this.#kept.shift()?.length ?? 0;
  }
}
