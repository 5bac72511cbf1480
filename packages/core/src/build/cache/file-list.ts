import { createHash } from 'node:crypto';
import type { Digest } from '../../digest.ts';
import type { StepFile } from '../step-inputs.ts';

/** Taking each file's text by itself takes twice the time. */
const PIECE_CHARACTERS = 64 * 1024;
/** Of two lists: some kilobytes. */
const COMPARED_LINES = 64;

/**
 * A list of files as text, in large pieces, for its digest and to be kept: a line for each file, of the lengths of path
 * and state and both. Lengths first: no path may pass for a part of something else.
 */
export function* fileListText(files: Iterable<StepFile>): Generator<string> {
  if (files instanceof TextFileList) {
    for (let at = 0; at < files.text.length; at += PIECE_CHARACTERS)
      yield files.text.slice(at, at + PIECE_CHARACTERS);
    return;
  }
  let text = '';
  for (const { path, state } of files) {
    text += `${path.length} ${state.length} ${path}${state}\n`;
    if (text.length < PIECE_CHARACTERS) continue;
    yield text;
    text = '';
  }
  yield text;
}

/** The digest of a list that has the text of these pieces. */
export function fileListDigest(pieces: Iterable<string | Uint8Array>): Digest {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return `sha256:${hash.digest('hex')}` as Digest;
}

/** The files of a text as `fileListText` makes it; of one from elsewhere the digest must be right. */
export class TextFileList implements Iterable<StepFile> {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  *[Symbol.iterator](): Generator<StepFile> {
    for (let at = 0; at < this.text.length; ) {
      const { file, end } = recordAt(this.text, at);
      yield file;
      at = end;
    }
  }
}

/**
 * What is left of two lists, both sorted by path, without files that are the same in both. Taking all those apart would
 * take longest where hardly a file has changed: texts are compared many lines at a time.
 */
export function withoutCommon(
  before: Iterable<StepFile>,
  now: Iterable<StepFile>,
): readonly [before: Iterable<StepFile>, now: Iterable<StepFile>] {
  if (!(before instanceof TextFileList && now instanceof TextFileList)) return [before, now];
  const [a, b] = [before.text, now.text];
  const [left, right]: [StepFile[], StepFile[]] = [[], []];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const common = commonLength(a, i, b, j);
    i += common;
    j += common;
    const old = i < a.length ? recordAt(a, i) : undefined;
    const fresh = j < b.length ? recordAt(b, j) : undefined;
    const isOldNext = old && (fresh === undefined || old.file.path <= fresh.file.path);
    const isFreshNext = fresh && (old === undefined || fresh.file.path <= old.file.path);
    if (isOldNext) {
      left.push(old.file);
      i = old.end;
    }
    if (isFreshNext) {
      right.push(fresh.file);
      j = fresh.end;
    }
  }
  return [left, right];
}

/** How long the lines are, from `i` and `j` on, that two texts have in common. */
function commonLength(a: string, i: number, b: string, j: number): number {
  let end = j;
  for (let lines = COMPARED_LINES; end < b.length; ) {
    let next = end;
    for (let n = 0; n < lines && next < b.length; n++) next = lineEnd(b, next);
    // A line begins with the lengths of what is in it, so no longer one begins like it.
    const at = i + end - j;
    if (a.slice(at, at + next - end) === b.slice(end, next)) end = next;
    else if (lines > 1) lines = 1;
    else break;
  }
  return end - j;
}

function recordAt(text: string, at: number): { readonly file: StepFile; readonly end: number } {
  const path = text.indexOf(' ', text.indexOf(' ', at) + 1) + 1;
  const state = path + numberAt(text, at);
  const end = lineEnd(text, at);
  return { file: { path: text.slice(path, state), state: text.slice(state, end - 1) }, end };
}

/** Where the line after that at `at` begins. */
function lineEnd(text: string, at: number): number {
  const second = text.indexOf(' ', at) + 1;
  const path = text.indexOf(' ', second) + 1;
  return path + numberAt(text, at) + numberAt(text, second) + 1;
}

const [ZERO, NINE] = [0x30, 0x39];

/** Without the string that `Number` would need. */
function numberAt(text: string, at: number): number {
  let number = 0;
  for (let i = at; ; i++) {
    const digit = text.charCodeAt(i);
    if (!(digit >= ZERO && digit <= NINE)) return number;
    number = number * 10 + digit - ZERO;
  }
}
