import { type LayerPhase, type ProgressEvent, progressBar } from '@wherry/core';
import type { Io } from '../io.ts';
import { shortSize } from './human.ts';
import { printable } from './printable.ts';
import { clip } from './width.ts';

type LayerEvent = Extract<ProgressEvent, { kind: 'layer' }>;

/** The words for a layer's phases; a phase without words is not shown. */
export type PhaseWords = Readonly<Partial<Record<LayerPhase, string>>>;

export const PULL_WORDS: PhaseWords = {
  waiting: 'Pulling fs layer',
  downloading: 'Downloading',
  verifying: 'Verifying Checksum',
  downloaded: 'Download complete',
  exists: 'Already exists',
  done: 'Pull complete',
};

export const PUSH_WORDS: PhaseWords = {
  waiting: 'Waiting',
  preparing: 'Preparing',
  compressing: 'Compressing',
  pushing: 'Pushing',
  pushed: 'Pushed',
  exists: 'Layer already exists',
  mounted: 'Mounted from',
};

export const COPY_WORDS: PhaseWords = {
  waiting: 'Waiting',
  pushing: 'Copying',
  pushed: 'Copied',
  exists: 'Already exists',
  mounted: 'Mounted from',
};

export const LOAD_WORDS: PhaseWords = { loading: 'Loading layer' };

export const CONVERT_WORDS: PhaseWords = { compressing: 'Compressing' };

export const MERGE_WORDS: PhaseWords = { merging: 'Merging' };

/** Phases that move, with a bar; where there is no terminal they are not shown. */
const MOVING: ReadonlySet<LayerPhase> = new Set([
  'downloading',
  'compressing',
  'merging',
  'pushing',
  'loading',
  'extracting',
]);
/** Phases after which nothing happens to a layer. */
const FINAL: ReadonlySet<LayerPhase> = new Set(['done', 'exists', 'pushed', 'mounted']);

/** Shows how layers get on, and plain lines among them. */
export interface ProgressDisplay {
  layer(event: LayerEvent): void;
  /** A line that stays. */
  line(text: string): void;
  /** A line that stays, for people: to standard error. */
  warning(text: string): void;
}

/** A line per layer that is redrawn on a terminal; elsewhere a line per change of phase. */
export function openProgress(io: Io, words: PhaseWords): ProgressDisplay {
  return io.stdout.isTTY ? new TerminalProgress(io, words) : new PlainProgress(io, words);
}

function shortName(event: LayerEvent): string {
  const colon = event.digest.indexOf(':');
  return event.digest.slice(colon + 1, colon + 13);
}

function statusOf(event: LayerEvent, words: PhaseWords): string | undefined {
  const status = words[event.phase];
  if (event.phase !== 'mounted' || status === undefined) return status;
  return `${status} ${event.mountedFrom ?? ''}`;
}

class PlainProgress implements ProgressDisplay {
  readonly #io: Io;
  readonly #words: PhaseWords;
  readonly #phases = new Map<string, LayerPhase>();

  constructor(io: Io, words: PhaseWords) {
    this.#io = io;
    this.#words = words;
  }

  layer(event: LayerEvent): void {
    if (this.#phases.get(event.digest) === event.phase) return;
    this.#phases.set(event.digest, event.phase);
    const name = shortName(event);
    if (event.resumedFrom) this.line(`${name}: Resuming at ${shortSize(event.resumedFrom)}`);
    const status = statusOf(event, this.#words);
    if (status !== undefined && !MOVING.has(event.phase)) this.line(`${name}: ${status}`);
  }

  line(text: string): void {
    this.#io.stdout.write(`${text}\n`);
  }

  warning(text: string): void {
    this.#io.stderr.write(printable(`WARNING: ${text}\n`));
  }
}

/** A bar is not redrawn more often than this. */
const REDRAW_INTERVAL_MS = 100;

interface Line {
  readonly row: number;
  phase: LayerPhase;
  drawnAt: number;
}

class TerminalProgress implements ProgressDisplay {
  readonly #io: Io;
  readonly #words: PhaseWords;
  /** Layers that have a line, top to bottom; the cursor stands below the last. */
  readonly #lines = new Map<string, Line>();

  constructor(io: Io, words: PhaseWords) {
    this.#io = io;
    this.#words = words;
  }

  layer(event: LayerEvent): void {
    const status = statusOf(event, this.#words);
    if (status === undefined) return;
    const now = this.#io.now().getTime();
    const line = this.#lines.get(event.digest);
    if (line === undefined) {
      const fresh = this.#addLine(event, now);
      if (fresh !== undefined) this.#draw(fresh, event, status);
      return;
    }
    const isComplete = event.current !== undefined && event.current === event.total;
    if (line.phase === event.phase && !isComplete && now - line.drawnAt < REDRAW_INTERVAL_MS) return;
    line.phase = event.phase;
    line.drawnAt = now;
    this.#draw(line, event, status);
  }

  line(text: string): void {
    this.#io.stdout.write(`${text}\n`);
    this.#lines.clear();
  }

  warning(text: string): void {
    this.#io.stderr.write(printable(`WARNING: ${text}\n`));
    this.#lines.clear();
  }

  /**
   * Gives a layer a line. The cursor cannot go back to a line that has left the screen, so when the screen is
   * full a layer that something happens to takes the line of one that is finished, or else of one that waits.
   */
  #addLine(event: LayerEvent, drawnAt: number): Line | undefined {
    const { phase } = event;
    const room = Math.max((this.#io.stdout.rows ?? Number.POSITIVE_INFINITY) - 1, 1);
    if (this.#lines.size < room) {
      const line = { row: this.#lines.size, phase, drawnAt };
      this.#lines.set(event.digest, line);
      this.#io.stdout.write('\n');
      return line;
    }
    if (phase === 'waiting' || phase === 'preparing') return undefined;
    const held = [...this.#lines];
    const given =
      held.find(([, line]) => FINAL.has(line.phase)) ??
      held.find(([, line]) => line.phase === 'waiting' || line.phase === 'preparing');
    if (given === undefined) return undefined;
    this.#lines.delete(given[0]);
    const line = { row: given[1].row, phase, drawnAt };
    this.#lines.set(event.digest, line);
    return line;
  }

  #draw(line: Line, event: LayerEvent, status: string): void {
    const columns = this.#io.stdout.columns ?? DEFAULT_COLUMNS;
    const resumed = event.resumedFrom ? ` (resumed at ${shortSize(event.resumedFrom)})` : '';
    const bar = MOVING.has(event.phase) ? progressBar(event, columns) : '';
    const text = clip(`${shortName(event)}: ${status} ${bar}${resumed}`, columns - 1);
    const up = this.#lines.size - line.row;
    this.#io.stdout.write(`\x1b[${up}A\x1b[2K\r${text}\r\x1b[${up}B`);
  }
}

export const DEFAULT_COLUMNS = 200;
