import {
  type BuildEvent,
  endsStep,
  isLine,
  isStepEvent,
  lineText,
  platformPrefix,
  type StepEnd,
  type StepEvent,
} from '@wherry/core';
import type { Io } from '../../io.ts';
import { humanSize } from '../human.ts';
import { sourceText } from '../printable.ts';
import { DEFAULT_COLUMNS } from '../progress.ts';
import { clip } from '../width.ts';
import type { BuildPrinter } from './build-printer.ts';
import { elapsed, LiveStep } from './live-step.ts';
import { PushLines } from './push-lines.ts';

const REDRAW_INTERVAL_MS = 100;
const CLEAR_BELOW = '\x1b[J';

/**
 * Shows a build on a terminal: a line that stays for each step that is over, in the order in which they end, and
 * below them those that run, with the last lines of what they print.
 */
export class LivePrinter implements BuildPrinter {
  readonly #io: Io;
  readonly #running = new Map<string, LiveStep>();
  readonly #push: PushLines;
  readonly #timer: NodeJS.Timeout;
  #contextLine = '';
  #lintCount = 0;
  #drawnLines = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;

  constructor(io: Io) {
    this.#io = io;
    this.#push = new PushLines(io);
    this.#timer = setInterval(() => this.#draw(), REDRAW_INTERVAL_MS).unref();
  }

  add(event: BuildEvent): void {
    if (isStepEvent(event)) this.#step(event);
    else this.#other(event);
    if (this.#now - this.#drawnAt >= REDRAW_INTERVAL_MS) this.#draw();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#erase();
    for (const live of this.#running.values()) this.#io.stdout.write(`${live.head} (not finished)\n`);
    this.#running.clear();
    if (this.#lintCount === 0) return;
    const found = this.#lintCount === 1 ? '1 warning' : `${this.#lintCount} warnings`;
    this.#io.stderr.write(`${found} found (use --check to see more)\n`);
  }

  get #now(): number {
    return this.#io.now().getTime();
  }

  #step(event: StepEvent): void {
    const key = `${event.step.number} ${event.step.text}`;
    // What a base brought along begins without saying so.
    const live = this.#running.get(key) ?? new LiveStep(event.step, this.#now, platformPrefix(event));
    if (event.kind === 'build-triggers') return;
    if (endsStep(event)) {
      this.#running.delete(key);
      this.#end(event, live);
      return;
    }
    if (event.kind === 'build-step') this.#endOthersOf(event.step.stage);
    this.#running.set(key, live);
    if (event.kind === 'build-output') live.addOutput(event.chunk);
    else if (event.kind === 'build-pull') live.addPull(event.event);
    else if (event.kind === 'build-step-runs' && event.explanation !== undefined)
      this.#line(`${live.head}${why(event)}`);
  }

  /** A stage's steps come one after the other; an ARG before the first FROM has no end of its own. */
  #endOthersOf(stage: number): void {
    for (const [key, { step, head }] of this.#running) {
      if (step.stage !== stage) continue;
      this.#running.delete(key);
      this.#line(head);
    }
  }

  #end(event: StepEnd, live: LiveStep): void {
    const took = elapsed(this.#now - live.startedAt);
    if (event.kind === 'build-step-done') this.#line(`${live.head} ${took}${why(event)}`);
    else if (event.kind === 'build-step-cached') this.#line(`${live.head} (cached)${why(event)}`);
    else {
      this.#line(`${live.head} ${took} (failed)`);
      // Of a step that went well nobody needs to read it.
      if (live.output !== '') this.#line(sourceText(live.output));
    }
  }

  #other(event: Exclude<BuildEvent, StepEvent>): void {
    if (event.kind === 'build-lint') this.#lintCount++;
    else if (event.kind === 'build-download')
      this.#contextLine = `Downloading ${sourceText(event.url)}: ${humanSize(event.current)}`;
    else if (event.kind === 'build-context') {
      this.#contextLine = `Context: ${humanSize(event.bytes)}`;
      if (event.isDone) this.#settleContext();
    } else if (event.kind === 'build-push') {
      this.#erase();
      this.#push.add(event);
    } else if (isLine(event)) this.#line(sourceText(lineText(event)));
  }

  #settleContext(): void {
    const line = this.#contextLine;
    this.#contextLine = '';
    this.#line(line);
  }

  /** A line that stays, above what moves. */
  #line(text: string): void {
    this.#erase();
    this.#io.stdout.write(`${text}\n`);
  }

  #erase(): void {
    if (this.#drawnLines > 0) this.#io.stdout.write(`\x1b[${this.#drawnLines}A\r${CLEAR_BELOW}`);
    this.#drawnLines = 0;
    this.#drawnAt = Number.NEGATIVE_INFINITY;
  }

  #draw(): void {
    const { columns = DEFAULT_COLUMNS, rows = Number.POSITIVE_INFINITY } = this.#io.stdout;
    const lines = this.#movingLines().slice(0, Math.max(rows - 1, 1));
    this.#erase();
    // A line that is wrapped would take two rows.
    for (const line of lines) this.#io.stdout.write(`${clip(line, columns - 1)}\n`);
    this.#drawnLines = lines.length;
    this.#drawnAt = this.#now;
  }

  #movingLines(): readonly string[] {
    const steps = [...this.#running.values()].flatMap((live) => [
      `${live.head} ${elapsed(this.#now - live.startedAt)}`,
      ...live.tail().map((line) => `    ${line}`),
    ]);
    return this.#contextLine === '' ? steps : [this.#contextLine, ...steps];
  }
}

function why({ explanation }: { readonly explanation?: string }): string {
  return explanation === undefined ? '' : ` ---- ${sourceText(explanation)}`;
}
