import type { Location } from './instruction.ts';

/**
 * Which part of reading found the mistake; Docker words each in its own way.
 * `empty`: no byte to read. `syntax`: the lines make no instructions. `instruction`: one that cannot be as it is
 * written. `stage`: an instruction that belongs to no stage. `word`: quotes or variables of a word.
 */
export type DockerfileErrorKind = 'empty' | 'syntax' | 'instruction' | 'stage' | 'word';

export interface DockerfileErrorPlace {
  readonly location?: Location;
  /** As the user named the file; `Dockerfile` unless given. */
  readonly fileName?: string;
}

/** What goes wrong with a Dockerfile. `message` is BuildKit's text alone, without a position. */
export class DockerfileError extends Error {
  override readonly name = 'DockerfileError';
  readonly kind: DockerfileErrorKind;
  readonly location?: Location;
  readonly fileName: string;

  constructor(kind: DockerfileErrorKind, message: string, place: DockerfileErrorPlace = {}) {
    super(message);
    this.kind = kind;
    if (place.location !== undefined) this.location = place.location;
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
    });
  }
}

const RULE = '-'.repeat(20);
/** What is longer is cut: many findings in one long line would otherwise print it whole as often. */
const MAX_LINE_LENGTH = 1000;

/**
 * The lines of a location as BuildKit prints them below an error or a warning: the file's name and first line, a
 * rule of dashes, numbered lines of which those of the location have `>>>` before them, and a rule. Each line ends
 * with a newline.
 */
export function excerpt(text: string, location: Location, fileName = 'Dockerfile'): string {
  return excerptOf(text.split('\n'), location, fileName);
}

/** The same of a text that is split into lines already. */
export function excerptOf(lines: readonly string[], location: Location, fileName: string): string {
  const first = Math.max(1, location.startLine);
  const last = Math.min(lines.length, location.endLine);
  if (first > lines.length || last < first) return '';
  const window = widen(first, last, lines.length);
  const numbered = lines.slice(window.first - 1, window.last).map((line, index) => {
    const number = window.first + index;
    const marker = number >= first && number <= last ? '>>>' : '   ';
    return ` ${String(number).padStart(3)} | ${marker} ${shown(line)}\n`;
  });
  return `${fileName}:${first}\n${RULE}\n${numbered.join('')}${RULE}\n`;
}

function shown(line: string): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  return text.length > MAX_LINE_LENGTH ? `${text.slice(0, MAX_LINE_LENGTH)}…` : text;
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
