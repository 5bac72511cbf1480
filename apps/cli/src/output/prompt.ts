import { isWherryError, WherryError } from '@wherry/core';
import type { Io } from '../io.ts';

const CTRL_C = 3;
const CTRL_D = 4;
const BACKSPACE = 8;
const NEWLINE = 10;
const RETURN = 13;
const CTRL_U = 21;
const DELETE = 127;

/** More than any user name or token has. */
const MAX_ANSWER_BYTES = 64 * 1024;

export interface PromptOptions {
  /** The answer is not shown. */
  readonly hidden?: boolean;
  readonly signal?: AbortSignal;
}

interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** The end of the input ends the answer; otherwise it is a refusal to give one. */
  readonly endAnswers?: boolean;
}

/** Asks for one line on the terminal. Throws `CANCELLED` on Ctrl-C, and when the input ends without an answer. */
export async function prompt(io: Io, question: string, options: PromptOptions = {}): Promise<string> {
  io.stdout.write(question);
  const hidden = options.hidden === true && io.stdin.setRawMode !== undefined;
  if (hidden) io.stdin.setRawMode?.(true);
  try {
    return await readLine(io.stdin, { signal: options.signal });
  } finally {
    if (hidden) {
      io.stdin.setRawMode?.(false);
      io.stdout.write('\n');
    }
  }
}

/**
 * Asks whether to go on; only `y` and `Y` mean so. Throws `CANCELLED` on Ctrl-C. docker/cli, `prompt.Confirm`.
 */
export async function confirm(
  io: Io,
  question: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<boolean> {
  io.stdout.write(`${question} [y/N] `);
  try {
    const answer = await readLine(io.stdin, { signal: options.signal, endAnswers: true });
    return answer.trim().toLowerCase() === 'y';
  } catch (error) {
    if (isWherryError(error, 'CANCELLED')) io.stdout.write('\n');
    throw error;
  }
}

function readLine(stdin: Io['stdin'], { signal, endAnswers = false }: ReadOptions): Promise<string> {
  const bytes: number[] = [];
  return new Promise((resolve, reject) => {
    const stop = () => {
      stdin.off('data', onData);
      stdin.off('end', onEnd);
      signal?.removeEventListener('abort', onCancel);
      stdin.pause();
    };
    const onCancel = () => {
      stop();
      reject(new WherryError('CANCELLED', 'cancelled'));
    };
    const onEnd = () => {
      if (!endAnswers) return onCancel();
      stop();
      resolve(Buffer.from(bytes).toString('utf8'));
    };
    const onData = (chunk: Uint8Array) => {
      const end = takeKeys(bytes, chunk);
      if (end === undefined) return;
      if (end < 0) return onCancel();
      stop();
      // What was typed ahead belongs to the next question.
      if (end < chunk.length) stdin.unshift(chunk.subarray(end));
      resolve(Buffer.from(bytes).toString('utf8'));
    };
    stdin.on('data', onData);
    stdin.once('end', onEnd);
    signal?.addEventListener('abort', onCancel, { once: true });
    if (signal?.aborted) return onCancel();
    stdin.resume();
  });
}

/** Adds keys to the answer; returns where the line ended in `chunk`, -1 for a cancelled one. */
function takeKeys(bytes: number[], chunk: Uint8Array): number | undefined {
  for (const [index, key] of chunk.entries()) {
    if (key === RETURN || key === NEWLINE) return index + 1;
    if (key === CTRL_C || (key === CTRL_D && bytes.length === 0)) return -1;
    if (key === CTRL_U) bytes.length = 0;
    else if (key === BACKSPACE || key === DELETE) dropLastCharacter(bytes);
    else if (key !== CTRL_D && bytes.length < MAX_ANSWER_BYTES) bytes.push(key);
  }
  return undefined;
}

/** A character of UTF-8 is a leading byte and its continuation bytes. */
function dropLastCharacter(bytes: number[]): void {
  let byte = bytes.pop();
  while (byte !== undefined && (byte & 0xc0) === 0x80) byte = bytes.pop();
}
