import { fromLatin1 } from '../../tree/tree-path.ts';
import type { Explanation, StepChange } from './explain.ts';
import type { FileChange, FilesChange } from './files-change.ts';

/** A value may be a whole file. */
const MAX_SHOWN = 60;
const DIGEST = /^(sha\d+:[0-9a-f]{12})[0-9a-f]+$/;

/** Puts an explanation into one sentence, without control characters. */
export function explanationText(explanation: Explanation): string {
  switch (explanation.kind) {
    case 'hit':
      return `unchanged since ${explanation.record.createdAt.toISOString().replace(/\.\d+Z$/, 'Z')}`;
    case 'imported':
      return `imported from ${printable(explanation.origin)}`;
    case 'no-cache':
      return '--no-cache';
    case 'pruned':
      return 'removed by prune';
    case 'new':
      return 'never built here';
    case 'changed':
      return explanation.changes.map(changeText).join('; ');
  }
}

function changeText(change: StepChange): string {
  switch (change.kind) {
    case 'base':
      return `the base changed (from ${baseText(change.from)} to ${baseText(change.to)})`;
    case 'instruction':
      return 'instruction changed';
    case 'value':
      return valueText(change);
    case 'files':
      return filesText(change);
  }
}

function baseText(chainID: string): string {
  return chainID === '' ? 'scratch' : printable(chainID.replace(DIGEST, '$1'));
}

function valueText({ name, from, to }: Extract<StepChange, { kind: 'value' }>): string {
  const subject = printable(name.replace(/^arg /, 'argument ').replace(/^env /, 'variable '));
  if (from === undefined) return `${subject} is new: ${quoted(to ?? '')}`;
  if (to === undefined) return `${subject} is gone, was ${quoted(from)}`;
  return `${subject} changed from ${quoted(from)} to ${quoted(to)}`;
}

/** Where two long values first differ is beyond what is shown, maybe: then they look the same. */
function quoted(text: string): string {
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN).toWellFormed()}…` : text;
  return `"${printable(shown)}"`;
}

function filesText({ count, files }: FilesChange): string {
  if (count === undefined) return 'files changed';
  const rest = count - files.length;
  const named = [...files.map(fileText), ...(rest > 0 ? [`and ${rest} more`] : [])];
  return `${count} ${count === 1 ? 'file' : 'files'} changed: ${named.join(', ')}`;
}

function fileText({ path, kind, what = [] }: FileChange): string {
  const name = printable(Buffer.from(fromLatin1(path)).toString('utf8')) || '.';
  if (kind === 'new') return `+ ${name} (new)`;
  if (kind === 'gone') return `- ${name} (gone)`;
  return what.length > 0 ? `${name} (${what.map(printable).join(', ')})` : name;
}

/** Names of files and values are anybody's: none of them speaks to the terminal. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
