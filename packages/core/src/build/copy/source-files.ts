import type { SourceNode } from '../source-tree.ts';
import { joinPath, rootedElements, textOf } from './path-text.ts';
import { elementPattern, pathPattern } from './wildcards.ts';

/**
 * Gets the files of a source one by one; `path` starts with the source's own. `isOnWay`: a directory that is there only
 * for what is in it; one that exists stays as it is.
 */
export type FileVisitor = (path: string, node: SourceNode, isOnWay: boolean) => void;

/** Says what of a source is copied. */
export interface FileFilter {
  readonly excludes?: ExcludePatterns;
  readonly includes?: IncludePattern;
}

/**
 * The patterns of `--exclude`, relative to a copied directory; the last one that matches decides, `!` takes a file in
 * again. BK reference, "COPY --exclude".
 */
export class ExcludePatterns {
  readonly #patterns: readonly { readonly regExp: RegExp; readonly isNegated: boolean }[];
  /** Something below an excluded directory may be taken in again. */
  readonly hasExceptions: boolean;

  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.flatMap((text) => {
      const trimmed = text.trim();
      const isNegated = trimmed.startsWith('!');
      const regExp = pathPattern(rootedElements(isNegated ? trimmed.slice(1) : trimmed).join('/'));
      return regExp ? [{ regExp, isNegated }] : [];
    });
    this.hasExceptions = this.#patterns.some(({ isNegated }) => isNegated);
  }

  excludes(path: string): boolean {
    const last = this.#patterns.findLast(({ regExp }) => regExp.test(path));
    return last !== undefined && !last.isNegated;
  }
}

/** The pattern of `--parents`: what it matches, and all in there. BK reference, "COPY --parents". */
export class IncludePattern {
  readonly #whole: RegExp | undefined;
  /** Up to the first `**`. */
  readonly #elements: readonly (RegExp | undefined)[];
  readonly #isDeep: boolean;

  constructor(pattern: string) {
    const elements = rootedElements(pattern);
    this.#whole = elements.length === 0 ? /^/ : pathPattern(elements.join('/'));
    const deep = elements.findIndex((element) => element.includes('**'));
    this.#isDeep = deep >= 0;
    this.#elements = (this.#isDeep ? elements.slice(0, deep) : elements).map(elementPattern);
  }

  includes(path: string): boolean {
    return this.#whole?.test(path) ?? false;
  }

  /** Tells whether something in a directory may match. */
  reaches(directory: string): boolean {
    const names = directory.split('/');
    if (!this.#isDeep && names.length >= this.#elements.length) return false;
    return names.every((name, i) => i >= this.#elements.length || this.#elements[i]?.test(name));
  }
}

/**
 * Visits what is in a directory of the path `base`, each directory before what is in it, by name. No generator: handing
 * each file through one for each level costs more than finding it.
 */
export function visitFiles(
  base: string,
  directory: SourceNode,
  filter: FileFilter,
  visit: FileVisitor,
): void {
  // Filters speak of paths below the directory.
  const start = base === '' ? 0 : base.length + 1;
  const isFiltered = filter.includes !== undefined || filter.excludes !== undefined;
  visitBelow(directory, base, visit);

  function visitBelow({ children }: SourceNode, prefix: string, visitor: FileVisitor): void {
    if (children === undefined) return;
    // One string for all that is in here: paths that are joined each by itself take twice the memory.
    const below = joinPath(prefix, '');
    for (const name of [...children.keys()].sort()) {
      const node = children.get(name);
      if (node === undefined) continue;
      const path = below + name;
      const text = isFiltered ? textOf(path.slice(start)) : '';
      const isCopied = !isFiltered || isWanted(text, filter);
      if (isCopied) visitor(path, node, false);
      if (node.type !== 'directory') continue;
      if (isCopied) visitBelow(node, path, visitor);
      else if (mayHoldWanted(text, filter)) visitBelow(node, path, withWay(path, node, visitor));
    }
  }
}

/** A directory that was not asked for comes only when something in it does. */
function withWay(path: string, node: SourceNode, visit: FileVisitor): FileVisitor {
  let isFirst = true;
  return (...file) => {
    if (isFirst) visit(path, node, true);
    isFirst = false;
    visit(...file);
  };
}

function isWanted(text: string, { includes, excludes }: FileFilter): boolean {
  return (includes?.includes(text) ?? true) && !(excludes?.excludes(text) ?? false);
}

function mayHoldWanted(text: string, { includes, excludes }: FileFilter): boolean {
  if (includes && !includes.includes(text) && !includes.reaches(text)) return false;
  return !(excludes?.excludes(text) && !excludes.hasExceptions);
}

/** The last element of a path: what a file is called in the directory that it is copied to. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Splits a source of `--parents`: the directory that its names are counted from, and the pattern in there. */
export function splitPivot(source: string): { readonly base: string; readonly pattern: string } {
  const at = source.indexOf('/./');
  return at < 0
    ? { base: '/', pattern: source }
    : { base: source.slice(0, at) || '/', pattern: source.slice(at + '/./'.length) };
}
