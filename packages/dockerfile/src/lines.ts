import { type EscapeCharacter, trimStart } from './characters.ts';
import { Directives } from './directives.ts';
import { DockerfileError } from './errors.ts';
import { type HeredocWord, heredocsOf, type RawHeredoc } from './heredocs.ts';
import type { Location } from './instruction.ts';
import { parseStatement, type Statement } from './statement.ts';

/** An instruction with its place, and what stands around it. */
export interface PlacedStatement extends Statement {
  readonly location: Location;
  /** Where the instruction itself ends, before its here-documents. */
  readonly lastLine: number;
  readonly heredocs: readonly RawHeredoc[];
  /** The lines of comments directly above it, without `#`. */
  readonly comments: readonly string[];
  /** It has a continuation that is an empty line. */
  readonly hasEmptyContinuation: boolean;
}

export interface Lines {
  readonly directives: Directives;
  readonly statements: readonly PlacedStatement[];
}

const TAKES_HEREDOCS: readonly string[] = ['add', 'copy', 'run'];

/**
 * Reads a Dockerfile into instructions whose arguments are not yet understood: directives, comments,
 * continuations, here-documents. With an escape character the text is a part of a Dockerfile and has no directives.
 * Throws `DockerfileError` of the kind `syntax`.
 */
export function readLines(text: string, escapeCharacter?: EscapeCharacter): Lines {
  const reader = new LineReader(text);
  const directives = new Directives(escapeCharacter);
  const statements: PlacedStatement[] = [];
  let comments: string[] = [];
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    const first = trimStart(withoutNewline(line));
    const startLine = reader.number;
    withPlace({ startLine, endLine: startLine }, () => directives.read(first));
    if (first === '') comments = [];
    else if (first.startsWith('#')) comments.push(first.slice(1).trim());
    else {
      statements.push(readStatement(reader, first, directives, comments));
      comments = [];
    }
  }
  const place = { startLine: reader.number, endLine: reader.number };
  if (statements.length === 0)
    throw new DockerfileError('syntax', 'file with no instructions', { location: place });
  return { directives, statements };
}

function readStatement(
  reader: LineReader,
  first: string,
  directives: Directives,
  comments: readonly string[],
): PlacedStatement {
  const startLine = reader.number;
  const { text, hasEmptyContinuation } = joinContinuations(reader, first, directives.escape);
  const place = () => ({ startLine, endLine: reader.number });
  return withPlace(place, () => {
    const lastLine = reader.number;
    const statement = parseStatement(text, directives.escape);
    const heredocs = canTakeHeredocs(statement) ? readHeredocs(reader, heredocsOf(text)) : [];
    return { ...statement, location: place(), lastLine, heredocs, comments, hasEmptyContinuation };
  });
}

/** Comments between continued lines are left out; so are empty ones, though they are about to be forbidden. */
function joinContinuations(
  reader: LineReader,
  first: string,
  escapeCharacter: string,
): { text: string; hasEmptyContinuation: boolean } {
  let { text, isContinued } = withoutContinuation(first, escapeCharacter);
  let hasEmptyContinuation = false;
  while (isContinued) {
    const next = reader.next();
    if (next === undefined) break;
    const line = withoutNewline(next);
    const start = trimStart(line);
    if (start === '') hasEmptyContinuation = true;
    if (start === '' || start.startsWith('#')) continue;
    const part = withoutContinuation(line, escapeCharacter);
    text += part.text;
    isContinued = part.isContinued;
  }
  return { text, hasEmptyContinuation };
}

/** An escape character at the end continues a line, with blanks behind it or without; two of them do not. */
function withoutContinuation(line: string, escapeCharacter: string): { text: string; isContinued: boolean } {
  let end = line.length;
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end--;
  const isContinued = end > 0 && line[end - 1] === escapeCharacter && line[end - 2] !== escapeCharacter;
  return { text: isContinued ? line.slice(0, end - 1) : line, isContinued };
}

/** Those of the exec form and of other instructions are plain text. */
function canTakeHeredocs({ name, isJson, trigger }: Statement): boolean {
  if (name === 'onbuild') return trigger !== undefined && canTakeHeredocs(trigger);
  return TAKES_HEREDOCS.includes(name) && !isJson;
}

function readHeredocs(reader: LineReader, words: readonly HeredocWord[]): readonly RawHeredoc[] {
  return words.map((word) => ({ ...word, lines: readHeredoc(reader, word) }));
}

function readHeredoc(reader: LineReader, { name, stripsTabs }: HeredocWord): string {
  let lines = '';
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    const text = withoutNewline(line);
    if ((stripsTabs ? text.replace(/^\t+/, '') : text) === name) return lines;
    lines += line;
  }
  throw new DockerfileError('syntax', 'unterminated heredoc');
}

/** Tells an error what it is about. */
export function withPlace<Result>(location: Location | (() => Location), act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
    throw error.at({ location: typeof location === 'function' ? location() : location });
  }
}

function withoutNewline(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === '\n' || line[end - 1] === '\r')) end--;
  return line.slice(0, end);
}

/** Hands out lines one by one, each with its newline. */
class LineReader {
  readonly #text: string;
  #offset = 0;
  /** The line that was handed out last; they count from 1. */
  number = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(): string | undefined {
    if (this.#offset >= this.#text.length) return undefined;
    const newline = this.#text.indexOf('\n', this.#offset);
    const end = newline < 0 ? this.#text.length : newline + 1;
    const line = this.#text.slice(this.#offset, end);
    this.#offset = end;
    this.number++;
    return line;
  }
}
