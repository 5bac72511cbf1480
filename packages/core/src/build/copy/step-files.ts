import { fileListDigest, fileListText, TextFileList } from '../cache/file-list.ts';
import { isKnownIn } from '../source-tree.ts';
import type { StepFile, StepFiles } from '../step-inputs.ts';
import type { FileState } from './layer-files.ts';
import { compareText } from './path-text.ts';
import { type PlannedFile, relativePath } from './planned-source.ts';
import { baseName } from './source-files.ts';

/** Up to here the text of a list is kept for who asks for it again: that of some 50,000 files. */
const MAX_KEPT_CHARACTERS = 8 * 1024 * 1024;

/**
 * Sums up the files of a step; `undefined` when the content of one is not known yet. The text of many files, several
 * times larger than all that is kept of them, is made each time that somebody asks for it.
 */
export function summariseFiles(files: PlannedFile[]): StepFiles | undefined {
  if (!files.every(isKnown)) return undefined;
  files.sort((a, b) => compareText(a.path, b.path) || compareText(describe(a), describe(b)));
  let text = '';
  let isKept = true;
  const keeping = function* () {
    for (const piece of fileListText(listed(files))) {
      isKept &&= text.length + piece.length <= MAX_KEPT_CHARACTERS;
      text = isKept ? text + piece : '';
      yield piece;
    }
  };
  const digest = fileListDigest(keeping());
  return { digest, list: () => (isKept ? new TextFileList(text) : listed(files)) };
}

function isKnown({ node, source }: PlannedFile): boolean {
  return node.type !== 'file' || isKnownIn(source.origin.tree, node);
}

function* listed(files: readonly PlannedFile[]): Generator<StepFile> {
  let state: FileState | undefined;
  let start = '';
  for (const file of files) {
    // Most files share it with the one before.
    if (file.state !== state) start = describeStart(file.state);
    state = file.state;
    yield { path: file.path, state: describe(file, start) };
  }
}

/**
 * Words of the form `name=value`, of which an explanation can say which differ: all about the file as it will be but its
 * times.
 */
function describe(file: PlannedFile, start = describeStart(file.state)): string {
  const { state, node, source } = file;
  const { match, origin } = source;
  let text = start;
  if (node.type === 'file') text += ` content=${origin.tree.knownDigest(node)}`;
  text += describeRest(state);
  const target = match.node.type === 'directory' ? relativePath(file) : baseName(match.path);
  return target === '' ? text : `${text} name=${encoded(target)}`;
}

function describeStart({ type, mode, uid, gid }: FileState): string {
  return `type=${type} mode=${mode.toString(8)} owner=${uid}:${gid}`;
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
