import {
  type BuildEvent,
  isLine,
  isStepEvent,
  lineText,
  progressBar,
  type StepEvent,
  StepOrder,
  stepTexts,
} from '@wherry/core';
import type { Io } from '../../io.ts';
import { humanSize } from '../human.ts';
import { sourceText } from '../printable.ts';
import { DEFAULT_COLUMNS } from '../progress.ts';
import type { BuildPrinter } from './build-printer.ts';
import { PushLines } from './push-lines.ts';
import { StepPull } from './step-pull.ts';

/** A line that moves is not redrawn more often than this. */
const REDRAW_INTERVAL_MS = 100;
const RED = '\x1b[91m';
const RESET = '\x1b[0m';

type ContextEvent = Extract<BuildEvent, { readonly kind: 'build-context' | 'build-download' }>;

/** Prints a build as Docker's classic builder does, whatever runs at the same time: step after step. */
export class ClassicPrinter implements BuildPrinter {
  readonly #io: Io;
  readonly #order: StepOrder;
  readonly #pull: StepPull;
  readonly #push: PushLines;
  #drawnAt = Number.NEGATIVE_INFINITY;
  /** The end of red text is put off: more of it may follow, in whatever pieces. */
  #isRed = false;
  /** A line that moves, while it has no end. */
  #openLine: string | undefined;

  constructor(io: Io) {
    this.#io = io;
    this.#pull = new StepPull(io);
    this.#push = new PushLines(io);
    this.#order = new StepOrder({
      print: (event) => this.#step(event),
      tellOfDropped: (bytes) =>
        this.#write(
          `[the first ${humanSize(bytes)} of output, printed before the turn of this step, were not kept]\n`,
        ),
    });
  }

  add(event: BuildEvent): void {
    if (event.kind === 'build-context' || event.kind === 'build-download') {
      this.#context(event);
      return;
    }
    this.#endLine();
    if (isStepEvent(event)) this.#order.add(event);
    else this.#other(event);
  }

  close(): void {
    this.#endLine();
    this.#order.flush();
    this.#endRed();
    this.#pull.abandon();
  }

  #write(text: string): void {
    this.#endRed();
    this.#io.stdout.write(text);
  }

  #endRed(): void {
    if (this.#isRed) this.#io.stdout.write(RESET);
    this.#isRed = false;
  }

  #context(event: ContextEvent): void {
    const line = contextLine(event, this.#io.stdout.columns ?? DEFAULT_COLUMNS);
    if (this.#openLine !== undefined && event.kind === 'build-context' && /^Down/.test(this.#openLine))
      this.#endLine();
    this.#openLine = line;
    const isDone = event.kind === 'build-context' && event.isDone;
    const now = this.#io.now().getTime();
    const isDue = this.#io.stdout.isTTY && now - this.#drawnAt >= REDRAW_INTERVAL_MS;
    if (isDone) this.#endLine();
    else if (isDue) {
      this.#drawnAt = now;
      this.#write(`${line}\r`);
    }
  }

  #endLine(): void {
    if (this.#openLine === undefined) return;
    // As Docker's client ends it.
    this.#write(`${this.#openLine}\r\r\n`);
    this.#openLine = undefined;
  }

  #step(event: StepEvent): void {
    if (event.kind === 'build-pull') {
      this.#pull.add(event.event);
      return;
    }
    if (event.kind === 'build-step-failed') this.#pull.abandon();
    else this.#pull.finish();
    if (event.kind === 'build-output') this.#output(event);
    else this.#write(sourceText(stepTexts(event).join('')));
  }

  #output({ stream, chunk }: Extract<StepEvent, { readonly kind: 'build-output' }>): void {
    const isRed = stream === 'stderr';
    if (isRed !== this.#isRed) this.#io.stdout.write(isRed ? RED : RESET);
    this.#isRed = isRed;
    void this.#io.stdout.writeBytes(chunk);
  }

  #other(event: Exclude<BuildEvent, StepEvent | ContextEvent>): void {
    if (event.kind === 'build-notice') this.#write(`${RED}${sourceText(event.text)}${RESET}`);
    else if (event.kind === 'build-push') this.#push.add(event);
    else if (isLine(event)) this.#write(`${sourceText(lineText(event))}\n`);
  }
}

function contextLine(event: ContextEvent, columns: number): string {
  if (event.kind === 'build-context')
    return `Sending build context to Docker daemon ${humanSize(event.bytes).padStart(8)}`;
  return `Downloading build context from remote url: ${sourceText(event.url)} ${progressBar(event, columns)}`;
}
