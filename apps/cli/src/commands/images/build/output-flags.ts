import { type BuildOutput, isWherryError, parseReference, type Reference } from '@wherry/core';
import { CommandError } from '../../../errors.ts';
import type { Flags } from '../../../flags.ts';
import type { Io } from '../../../io.ts';
import { badFlag, Fields, wordsOf } from './fields.ts';

const NAMES = '-o, --output';

/** What `--output`, `--load` and `--push` ask for; nothing: an image in the store. Throws `FlagError`. */
export function outputFlags(flags: Flags, tags: readonly Reference[], io: Io): readonly BuildOutput[] {
  const outputs = flags.list('output').map((text) => outputOf(text, io));
  if (outputs.filter(goesToStdout).length > 1)
    throw new CommandError('only one output can go to standard output');
  const isPushed = flags.bool('push');
  const images: BuildOutput[] = flags.bool('load') || isPushed ? [imageOutput([], isPushed)] : [];
  const all = [...outputs, ...images];
  const needsTag = all.some((one) => one.kind === 'image' && one.push && one.names.length === 0);
  if (needsTag && tags.length === 0) throw new CommandError('tag is needed when pushing to registry');
  return all;
}

/** Whether an output takes the place of what is printed. */
export function goesToStdout(output: BuildOutput): boolean {
  return 'to' in output && typeof output.to !== 'string';
}

function outputOf(text: string, io: Io): BuildOutput {
  const words = wordsOf(text, NAMES);
  if (words.length === 1 && !words[0]?.includes('=')) {
    if (text === '-') return { kind: 'tar', to: toStdout(text, io), names: [] };
    return { kind: 'local', path: requirePath(text, text) };
  }
  const fields = new Fields(text, NAMES);
  const output = describedOutput(text, fields, io);
  fields.finish();
  return output;
}

function describedOutput(text: string, fields: Fields, io: Io): BuildOutput {
  const type = fields.take('type');
  const path = fields.take('dest');
  const names = namesOf(text, fields.take('name'));
  switch (type) {
    case 'local':
      return { kind: 'local', path: requirePath(text, path) };
    case 'image':
    case 'registry': {
      if (path !== undefined) throw fields.fault(`an output of type ${type} has no dest`);
      const isPushed = type === 'registry' || fields.takeBool('push');
      return imageOutput(names, isPushed);
    }
    case 'docker':
      // Docker's own: into what the client lists.
      if (path === undefined) return imageOutput(names, false);
      return { kind: type, to: path === '-' ? toStdout(text, io) : path, names };
    case 'oci':
    case 'tar':
      if (type === 'tar' && names.length > 0) throw fields.fault('files have no name');
      return { kind: type, to: path === undefined || path === '-' ? toStdout(text, io) : path, names };
    case undefined:
      throw fields.fault('type is required for output');
    default:
      throw fields.fault(`type ${type} is not offered: use docker, image, local, oci, registry or tar`);
  }
}

function imageOutput(names: readonly Reference[], isPushed: boolean): BuildOutput {
  return { kind: 'image', names, ...(isPushed && { push: true }) };
}

function requirePath(text: string, path: string | undefined): string {
  if (path === '-') throw badFlag(text, NAMES, 'a directory cannot go to standard output');
  if (!path) throw badFlag(text, NAMES, 'dest is required for local output');
  return path;
}

function toStdout(text: string, { stdout }: Io) {
  if (stdout.isTTY) throw badFlag(text, NAMES, 'dest is required for it: a terminal takes no archive');
  return (chunk: Uint8Array) => stdout.writeBytes(chunk);
}

function namesOf(text: string, list: string | undefined): readonly Reference[] {
  try {
    return (list ?? '')
      .split(',')
      .filter((name) => name !== '')
      .map((name) => parseReference(name));
  } catch (error) {
    if (!isWherryError(error)) throw error;
    throw badFlag(text, NAMES, error.message);
  }
}
