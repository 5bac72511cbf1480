import { createHash } from 'node:crypto';
import type { Digest } from '../../digest.ts';
import type { StepFile } from '../step-inputs.ts';

/** Taking each file's text by itself takes twice the time. */
const PIECE_CHARACTERS = 64 * 1024;

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
 * take longest where hardly a file has changed: texts are compared line by line.
 */
export function withoutCommon(
  before: Iterable<StepFile>,
  now: Iterable<StepFile>,
): readonly [before: Iterable<StepFile>, now: Iterable<StepFile>] {
  if (!(before instanceof TextFileList && now instanceof TextFileList)) return [before, now];
  const [a, b] = [before.text, now.text];
  const [left, right]: [StepFile[], StepFile[]] = [[], []];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const line = b.slice(j, j < b.length ? lineAt(b, j).end : j);
    // It begins with the lengths of what is in it, so no longer line begins like it.
    if (line !== '' && a.startsWith(line, i)) {
      i += line.length;
      j += line.length;
      continue;
    }
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

function recordAt(text: string, at: number): { readonly file: StepFile; readonly end: number } {
  const { path, state, end } = lineAt(text, at);
  return { file: { path: text.slice(path, state), state: text.slice(state, end - 1) }, end };
}

/** Where in a line path and state begin, and where the next line does. */
function lineAt(
  text: string,
  at: number,
): { readonly path: number; readonly state: number; readonly end: number } {
  const pathLength = text.indexOf(' ', at);
  const stateLength = text.indexOf(' ', pathLength + 1);
  const path = stateLength + 1;
  const state = path + Number(text.slice(at, pathLength));
  return { path, state, end: state + Number(text.slice(pathLength + 1, stateLength)) + 1 };
}
