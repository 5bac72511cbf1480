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

/** The files of a list, of which the digest of its text is right. */
export function* parseFileList(text: string): Generator<StepFile> {
  for (let at = 0; at < text.length; ) {
    const pathLength = text.indexOf(' ', at);
    const stateLength = text.indexOf(' ', pathLength + 1);
    const path = stateLength + 1;
    const state = path + Number(text.slice(at, pathLength));
    const end = state + Number(text.slice(pathLength + 1, stateLength));
    yield { path: text.slice(path, state), state: text.slice(state, end) };
    at = end + 1;
  }
}
