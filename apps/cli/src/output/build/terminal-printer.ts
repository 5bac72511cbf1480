import { type BuildEvent, endsStep, isStepEvent, type StepEvent } from '@wherry/core';
import type { Io } from '../../io.ts';
import type { BuildPrinter } from './build-printer.ts';
import { ClassicPrinter } from './classic-printer.ts';
import { LivePrinter } from './live-printer.ts';

/**
 * What a terminal shows unless the user wants something else: Docker's classic text, until two steps run at the same
 * time; that text could then show one of them only, and a live view takes over.
 */
export class TerminalPrinter implements BuildPrinter {
  readonly #io: Io;
  readonly #classic: ClassicPrinter;
  #live: LivePrinter | undefined;
  /** The beginning of the step that runs, and its pull. */
  #begun: StepEvent[] = [];
  #last = 0;

  constructor(io: Io) {
    this.#io = io;
    this.#classic = new ClassicPrinter(io);
  }

  add(event: BuildEvent): void {
    if (this.#live === undefined && isStepEvent(event) && this.#isBesideAnother(event)) this.#goLive();
    if (this.#live === undefined && isStepEvent(event)) this.#follow(event);
    (this.#live ?? this.#classic).add(event);
  }

  close(): void {
    (this.#live ?? this.#classic).close();
  }

  /** A step begins out of its turn, or while another one runs. */
  #isBesideAnother({ kind, step }: StepEvent): boolean {
    if (kind !== 'build-step') return false;
    // A stage's steps come one after the other; an ARG before the first FROM has no end of its own.
    const isAlone = this.#begun.every((begun) => begun.step.stage === step.stage);
    return step.number !== this.#last + 1 || !isAlone;
  }

  #follow(event: StepEvent): void {
    if (event.kind === 'build-step') {
      this.#last = event.step.number;
      this.#begun = [event];
    } else if (event.kind === 'build-pull') this.#begun.push(event);
    else if (endsStep(event)) this.#begun = [];
  }

  #goLive(): void {
    this.#classic.close();
    this.#live = new LivePrinter(this.#io);
    for (const event of this.#begun) this.#live.add(event);
    this.#begun = [];
  }
}
