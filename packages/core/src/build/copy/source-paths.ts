import { WherryError } from '../../errors.ts';
import type { SourceNode } from '../source-tree.ts';
import { joinPath, latin1Of, rootedElements, textOf } from './path-text.ts';
import { elementPattern, hasWildcards } from './wildcards.ts';

/** As Linux: more symlinks on one way are taken for a circle. */
const MAX_SYMLINKS = 40;

/** What an element of the list of sources turned out to be. */
export interface SourceMatch {
  /** From the tree's root, before a symlink at its end was followed; bytes as `toLatin1` gives them. */
  readonly path: string;
  /** Never a symlink. */
  readonly node: SourceNode;
}

/** What a path stands for; `fault` is why there is nothing, in the words of the system. */
type Found = { readonly node: SourceNode } | { readonly fault: string };

/** Whose files they are has a say in the words for a file that is missing. */
export interface SourceFaults {
  readonly verb: 'COPY' | 'ADD';
  /** A context has left files out, an image has what it has. */
  readonly isContext: boolean;
}

/**
 * Finds what a source of COPY or ADD stands for: a path, or, with Go's wildcards, a pattern that may match nothing.
 * Paths are rooted: `..` and a leading slash lead nowhere. Symlinks are followed inside of the tree, one at the end
 * too. BK reference, "COPY". Throws `FILE_NOT_FOUND` in Docker's words.
 */
export function findSources(root: SourceNode, source: string, faults: SourceFaults): SourceMatch[] {
  const elements = rootedElements(latin1Of(source));
  const first = elements.findIndex(hasWildcards);
  if (first < 0) return [findSource(root, elements, source, faults)];
  const way = elements.slice(0, first);
  const base = follow(root, way);
  if ('fault' in base) throw missing(way.join('/'), base.fault, source, faults);
  const patterns = elements.slice(first).map((element) => elementPattern(textOf(element)));
  const matches: SourceMatch[] = [];
  for (const path of matchingPaths(base.node, patterns, way.join('/')))
    matches.push(findSource(root, path.split('/'), source, faults));
  return matches;
}

function findSource(
  root: SourceNode,
  elements: readonly string[],
  source: string,
  faults: SourceFaults,
): SourceMatch {
  const path = elements.join('/');
  const found = follow(root, elements);
  if ('fault' in found) throw missing(path, found.fault, source, faults);
  return { path, node: found.node };
}

/** In the order of their names; symlinks on the way are not followed, as by Go's `filepath.Walk`. */
function* matchingPaths(
  directory: SourceNode,
  [pattern, ...others]: readonly (RegExp | undefined)[],
  prefix: string,
): Generator<string> {
  if (pattern === undefined) return;
  for (const name of [...(directory.children?.keys() ?? [])].sort()) {
    const child = directory.children?.get(name);
    if (child === undefined || !pattern.test(textOf(name))) continue;
    const path = joinPath(prefix, name);
    if (others.length === 0) yield path;
    else if (child.type === 'directory') yield* matchingPaths(child, others, path);
  }
}

/** Walks a path from the root; symlinks are followed as inside of a root that nothing leaves. */
function follow(root: SourceNode, elements: readonly string[]): Found {
  const way = [root];
  const ahead = [...elements].reverse();
  let symlinks = 0;
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (way.length > 1) way.pop();
      continue;
    }
    const here = way.at(-1) ?? root;
    if (here.type !== 'directory') return { fault: 'not a directory' };
    const child = here.children?.get(name);
    if (child === undefined) return { fault: 'file does not exist' };
    if (child.type === 'symlink') {
      if (++symlinks > MAX_SYMLINKS) return { fault: 'too many levels of symbolic links' };
      const target = Buffer.from(child.link).toString('latin1');
      if (target.startsWith('/')) way.length = 1;
      for (const element of target.split('/').reverse()) ahead.push(element);
    } else way.push(child);
  }
  return { node: way.at(-1) ?? root };
}

function missing(
  path: string,
  fault: string,
  source: string,
  { verb, isContext }: SourceFaults,
): WherryError {
  const stat = `stat ${textOf(path) || '/'}: ${fault}`;
  if (!isContext || fault !== 'file does not exist')
    return new WherryError('FILE_NOT_FOUND', `${verb} failed: ${stat}`);
  if (leavesRoot(source))
    return new WherryError(
      'FILE_NOT_FOUND',
      `${verb} failed: forbidden path outside the build context: ${source} ()`,
    );
  return new WherryError(
    'FILE_NOT_FOUND',
    `${verb} failed: file not found in build context or excluded by .dockerignore: ${stat}`,
  );
}

function leavesRoot(source: string): boolean {
  let depth = 0;
  for (const element of source.split('/')) {
    if (element === '..') depth--;
    else if (element !== '' && element !== '.') depth++;
    if (depth < 0) return true;
  }
  return false;
}
