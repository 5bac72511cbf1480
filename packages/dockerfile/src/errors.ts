import type { Location } from './instruction.ts';

/**
 * Which part of reading found the mistake; Docker words each in its own way.
 * `empty`: no byte to read. `syntax`: the lines make no instructions. `instruction`: one that cannot be as it is
 * written. `stage`: an instruction that belongs to no stage. `word`: quotes or variables of a word.
 */
export type DockerfileErrorKind = 'empty' | 'syntax' | 'instruction' | 'stage' | 'word';

export interface DockerfileErrorPlace {
  readonly location?: Location;
  /** Counts from 1, in UTF-16 units of the first line. */
  readonly column?: number;
  /** As the user named the file; `Dockerfile` unless given. */
  readonly fileName?: string;
}

/** What goes wrong with a Dockerfile. `message` is BuildKit's text alone, without a position. */
export class DockerfileError extends Error {
  override readonly name = 'DockerfileError';
  readonly kind: DockerfileErrorKind;
  readonly location?: Location;
  readonly column?: number;
  readonly fileName: string;

  constructor(kind: DockerfileErrorKind, message: string, place: DockerfileErrorPlace = {}) {
    super(message);
    this.kind = kind;
    if (place.location !== undefined) this.location = place.location;
    if (place.column !== undefined) this.column = place.column;
    this.fileName = place.fileName ?? 'Dockerfile';
  }

  /** What Docker's classic builder prints after `Error response from daemon: `. */
  get dockerMessage(): string {
    if (this.kind === 'syntax') return `failed to parse ${this.fileName}: ${this.message}`;
    if (this.kind === 'instruction' && this.location !== undefined)
      return `dockerfile parse error line ${this.location.startLine}: ${this.message}`;
    return this.message;
  }

  /** The lines of `text` that the error is about, as `excerpt` draws them; empty when it has no location. */
  excerpt(text: string): string {
    return this.location === undefined ? '' : excerpt(text, this.location, this.fileName);
  }

  /** The same error, with what was not yet known of its place. */
  at(place: DockerfileErrorPlace): DockerfileError {
    return new DockerfileError(this.kind, this.message, {
      ...place,
      ...(this.location === undefined ? {} : { location: this.location }),
      ...(this.column === undefined ? {} : { column: this.column }),
    });
  }
}

const RULE = '-'.repeat(20);
/**
 * The lines of a location as BuildKit prints them below an error or a warning: the file's name and first line, a
 * rule of dashes, numbered lines of which those of the location have `>>>` before them, and a rule. Each line ends
 * with a newline.
 */
export function excerpt(text: string, location: Location, fileName = 'Dockerfile'): string {
  const lines = text.split('\n');
  const first = Math.max(1, location.startLine);
  const last = Math.min(lines.length, location.endLine);
  if (first > lines.length || last < first) return '';
  const window = widen(first, last, lines.length);
  const shown = lines.slice(window.first - 1, window.last).map((line, index) => {
    const number = window.first + index;
    const marker = number >= first && number <= last ? '>>>' : '   ';
    return ` ${String(number).padStart(3)} | ${marker} ${line.replace(/\r$/, '')}\n`;
  });
  return `${fileName}:${first}\n${RULE}\n${shown.join('')}${RULE}\n`;
}

/** Adds lines of context at both ends: fewer around several lines, more at one end where the other has none. */
function widen(first: number, last: number, count: number): { first: number; last: number } {
  let [start, end] = [first, last];
  let budget = first === last ? 4 : 2;
  while (budget > 0) {
    const above = start > 1 ? 1 : 0;
    const below = end < count ? 1 : 0;
    start -= above;
    end += below;
    // A round costs something even when both ends are reached.
    budget -= above + below + 1;
  }
  return { first: start, last: end };
}
