import { createHash } from 'node:crypto';
import type { Digest } from '../../digest.ts';
import type { StepFile, StepFiles } from '../step-inputs.ts';
import type { FileState } from './layer-files.ts';
import { compareText } from './path-text.ts';

/** A file of a step before its content is known to be known. */
export interface StepFileFacts {
  /** In the source, bytes as `toLatin1` gives them. */
  readonly path: string;
  /** Where it goes below the destination. */
  readonly target: string;
  /** As it will be; its times have no say. */
  readonly state: FileState;
  /** Of a file alone. */
  readonly content?: { readonly size: number; readonly digest: Digest | undefined };
}

/** Sums up the files of a step; `undefined` when the content of one is not known yet. */
export function summariseFiles(facts: readonly StepFileFacts[]): StepFiles | undefined {
  const files: StepFile[] = [];
  for (const fact of facts) {
    if (fact.content && fact.content.digest === undefined) return undefined;
    files.push({ path: fact.path, state: describe(fact) });
  }
  files.sort((a, b) => compareText(a.path, b.path) || compareText(a.state, b.state));
  const hash = createHash('sha256');
  // Lengths first: no path may pass for a part of something else.
  for (const { path, state } of files) hash.update(`${path.length} ${state.length} ${path}${state}\n`);
  return { digest: `sha256:${hash.digest('hex')}` as Digest, list: () => files };
}

/** Words of the form `name=value`, of which an explanation can say which differ. */
function describe({ state, content, target }: StepFileFacts): string {
  const { type, mode, uid, gid, link, xattrs } = state;
  let text = `type=${type} mode=${mode.toString(8)} owner=${uid}:${gid}`;
  if (content) text += ` content=${content.digest}`;
  if (link.length > 0) text += ` target=${encoded(Buffer.from(link).toString('latin1'))}`;
  if (type === 'char' || type === 'block') text += ` device=${state.devMajor}:${state.devMinor}`;
  for (const [key, value] of [...(xattrs ?? [])].sort(([a], [b]) => compareText(a, b)))
    text += ` xattr=${encoded(key)}:${Buffer.from(value).toString('base64')}`;
  return target === '' ? text : `${text} name=${encoded(target)}`;
}

/** Without blanks, which end a word. */
function encoded(text: string): string {
  return /[\s%]/.test(text) ? encodeURIComponent(text) : text;
}
