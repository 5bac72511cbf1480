import { endsStep, type StepEvent } from './step-event.ts';

/** Bytes of output that steps may have printed before their turn. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;

/** What is kept of a step until its turn comes. */
interface HeldStep {
  readonly stage: number;
  readonly events: (StepEvent | undefined)[];
  /** Where the oldest event stands that may be output. */
  oldest: number;
  droppedBytes: number;
}

export interface StepOrderOptions {
  print(event: StepEvent): void;
  /** Told, at the turn of a step, how much of its output was too much to keep. */
  tellOfDropped(bytes: number): void;
  readonly maxHeldBytes?: number;
}

/**
 * Puts the events of steps that run at the same time into the order of the Dockerfile: those of one step after the
 * other. What comes before its turn is kept; of much output the beginning goes.
 */
export class StepOrder {
  readonly #options: StepOrderOptions;
  readonly #held = new Map<number, HeldStep>();
  #heldBytes = 0;
  /** The step whose events are printed as they come. */
  #current = 1;
  #currentStage: number | undefined;
  /** How many ends the current step still has: its own, and those of the instructions that its base brought along. */
  #openEnds = 1;

  constructor(options: StepOrderOptions) {
    this.#options = options;
  }

  add(event: StepEvent): void {
    if (event.step.number > this.#current) this.#hold(event);
    else this.#print(event);
    this.#advance();
  }

  /** Prints all that is kept, of a step that failed last. */
  flush(): void {
    const numbers = [...this.#held.keys()].sort((a, b) => a - b);
    const hasFailed = (number: number) =>
      this.#held.get(number)?.events.some((event) => event?.kind === 'build-step-failed') === true;
    for (const number of [...numbers.filter((one) => !hasFailed(one)), ...numbers.filter(hasFailed)])
      for (const event of this.#takeHeld(number)) this.#options.print(event);
  }

  #print(event: StepEvent): void {
    if (event.step.number === this.#current) {
      this.#currentStage = event.step.stage;
      if (event.kind === 'build-triggers') this.#openEnds += event.count;
      if (endsStep(event)) this.#openEnds--;
    }
    this.#options.print(event);
  }

  /** Goes on to the next steps that have begun, as long as the one before them is over. */
  #advance(): void {
    for (;;) {
      const next = this.#held.get(this.#current + 1);
      // A stage's steps come one after the other; an ARG before the first FROM has no end of its own.
      if (next === undefined || (this.#openEnds > 0 && next.stage !== this.#currentStage)) return;
      this.#current++;
      this.#openEnds = 1;
      for (const event of this.#takeHeld(this.#current)) this.#print(event);
    }
  }

  #hold(event: StepEvent): void {
    const step = this.#held.get(event.step.number) ?? {
      stage: event.step.stage,
      events: [],
      oldest: 0,
      droppedBytes: 0,
    };
    this.#held.set(event.step.number, step);
    step.events.push(event);
    this.#heldBytes += bytesOf(event);
    while (this.#heldBytes > (this.#options.maxHeldBytes ?? MAX_HELD_BYTES) && this.#dropOldest(step));
  }

  /** Of the step that prints much itself, not of another one. */
  #dropOldest(step: HeldStep): boolean {
    for (; step.oldest < step.events.length; step.oldest++) {
      const event = step.events[step.oldest];
      if (event?.kind !== 'build-output') continue;
      step.events[step.oldest] = undefined;
      step.droppedBytes += event.chunk.length;
      this.#heldBytes -= event.chunk.length;
      return true;
    }
    return false;
  }

  *#takeHeld(number: number): Generator<StepEvent> {
    const step = this.#held.get(number);
    this.#held.delete(number);
    if (step === undefined) return;
    let isTold = step.droppedBytes === 0;
    for (const event of step.events) {
      if (event === undefined) {
        if (!isTold) this.#options.tellOfDropped(step.droppedBytes);
        isTold = true;
        continue;
      }
      this.#heldBytes -= bytesOf(event);
      yield event;
    }
  }
}

function bytesOf(event: StepEvent): number {
  return event.kind === 'build-output' ? event.chunk.length : 0;
}
