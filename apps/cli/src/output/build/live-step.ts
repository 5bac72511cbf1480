import { StringDecoder } from 'node:string_decoder';
import type { ProgressEvent, StepName } from '@wherry/core';
import { humanSize } from '../human.ts';
import { oneLine } from '../printable.ts';

/** Lines of a running step's output that are shown. */
const SHOWN_LINES = 4;
/** Characters of output that are kept of a step, for the case that it fails. */
const MAX_KEPT_CHARS = 64 * 1024;
// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's control sequences
const SEQUENCES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)/g;

/** A step that runs, as a live view shows it. */
export class LiveStep {
  readonly step: StepName;
  readonly startedAt: number;
  readonly #prefix: string;
  readonly #decoder = new StringDecoder('utf8');
  readonly #layers = new Map<string, { readonly current: number; readonly total: number }>();
  #output = '';

  /** `prefix`: what its line begins with. */
  constructor(step: StepName, startedAt: number, prefix = '') {
    this.step = step;
    this.startedAt = startedAt;
    this.#prefix = prefix;
  }

  addOutput(chunk: Uint8Array): void {
    const text = this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this.#output = (this.#output + text).slice(-MAX_KEPT_CHARS);
  }

  addPull(event: ProgressEvent): void {
    if (event.kind !== 'layer') return;
    const known = this.#layers.get(event.digest);
    const total = event.total ?? known?.total ?? 0;
    const isDone = event.phase === 'done' || event.phase === 'exists' || event.phase === 'downloaded';
    const current = isDone ? total : (event.current ?? known?.current ?? 0);
    this.#layers.set(event.digest, { current, total });
  }

  /** Its line, without the time that it has taken. */
  get head(): string {
    return this.#prefix + stepLine(this.step);
  }

  /** The last lines of what it printed, or how far its pull is. */
  tail(): readonly string[] {
    if (this.#output === '' && this.#layers.size > 0) {
      const sum = (of: 'current' | 'total') =>
        [...this.#layers.values()].reduce((bytes, layer) => bytes + layer[of], 0);
      return [`pulling ${humanSize(sum('current'))} of ${humanSize(sum('total'))}`];
    }
    // A carriage return begins the line anew: only what stands behind it is seen.
    const lines = this.output.split('\n').map((line) => oneLine(line.slice(line.lastIndexOf('\r') + 1)));
    return lines.filter((line) => line.trim() !== '').slice(-SHOWN_LINES);
  }

  /** What it printed at last, without colours and the like. */
  get output(): string {
    return this.#output.replace(SEQUENCES, '').replace(/\r+\n/g, '\n').trimEnd();
  }
}

/** `[builder] Step 3/7 : RUN make`. */
function stepLine({ number, total, stage, stageName, text }: StepName): string {
  return oneLine(`[${stageName ?? `stage ${stage}`}] Step ${number}/${total} : ${text}`);
}

/** Seconds with one digit, minutes where there are some. */
export function elapsed(milliseconds: number): string {
  const seconds = Math.max(milliseconds, 0) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)}s`;
  return `${Math.trunc(seconds / 60)}m${String(Math.trunc(seconds % 60)).padStart(2, '0')}s`;
}
