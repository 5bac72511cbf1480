import { createHash } from 'node:crypto';
import type { Digest } from '../../digest.ts';
import type { StepFile, StepFiles } from '../step-inputs.ts';
import type { FileState } from './layer-files.ts';
import { compareText } from './path-text.ts';
import { type PlannedFile, relativePath } from './planned-source.ts';
import { baseName } from './source-files.ts';

/** Hashing each file's text by itself takes twice the time. */
const TEXT_CHARACTERS = 64 * 1024;

/**
 * Sums up the files of a step; `undefined` when the content of one is not known yet. Their texts, several times larger
 * than all that is kept of a file, are made each time that somebody asks for them.
 */
export function summariseFiles(files: PlannedFile[]): StepFiles | undefined {
  files.sort((a, b) => compareText(a.path, b.path) || compareText(describe(a) ?? '', describe(b) ?? ''));
  const hash = createHash('sha256');
  let text = '';
  for (const file of files) {
    const state = describe(file);
    if (state === undefined) return undefined;
    // Lengths first: no path may pass for a part of something else.
    text += `${file.path.length} ${state.length} ${file.path}${state}\n`;
    if (text.length < TEXT_CHARACTERS) continue;
    hash.update(text);
    text = '';
  }
  hash.update(text);
  return { digest: `sha256:${hash.digest('hex')}` as Digest, list: () => listed(files) };
}

function* listed(files: readonly PlannedFile[]): Generator<StepFile> {
  for (const file of files) yield { path: file.path, state: describe(file) ?? '' };
}

/**
 * Words of the form `name=value`, of which an explanation can say which differ: all about the file as it will be but its
 * times. `undefined`: its content is not known.
 */
function describe(file: PlannedFile): string | undefined {
  const { state, node, source } = file;
  const { match, origin } = source;
  let text = `type=${state.type} mode=${state.mode.toString(8)} owner=${state.uid}:${state.gid}`;
  if (node.type === 'file') {
    const digest = origin.tree.knownDigest(node);
    if (digest === undefined) return undefined;
    text += ` content=${digest}`;
  }
  text += describeRest(state);
  const target = match.node.type === 'directory' ? relativePath(file) : baseName(match.path);
  return target === '' ? text : `${text} name=${encoded(target)}`;
}

function describeRest({ type, link, devMajor, devMinor, xattrs }: FileState): string {
  let text = '';
  if (link.length > 0) text += ` target=${encoded(Buffer.from(link).toString('latin1'))}`;
  if (type === 'char' || type === 'block') text += ` device=${devMajor}:${devMinor}`;
  if (xattrs)
    for (const [key, value] of [...xattrs].sort(([a], [b]) => compareText(a, b)))
      text += ` xattr=${encoded(key)}:${Buffer.from(value).toString('base64')}`;
  return text;
}

/** Without blanks, which end a word. */
function encoded(text: string): string {
  return /[\s%]/.test(text) ? encodeURIComponent(text) : text;
}
