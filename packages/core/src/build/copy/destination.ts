import { WherryError } from '../../errors.ts';
import type { SourceNode } from '../source-tree.ts';
import { ensureChild, type FileState, type LayerFiles, type StageNode, typeOf } from './layer-files.ts';
import { joinPath, latin1Of, rootedElements, textOf } from './path-text.ts';
import { baseName } from './source-files.ts';

/** Where a COPY or ADD copies to. */
export interface Destination {
  /** From the root, `.` and `..` worked out; symlinks are not. */
  readonly elements: readonly string[];
  /** The user wrote that it is a directory, which may not exist yet. */
  readonly isDirectory: boolean;
}

/** Reads a destination, which is relative to the working directory of the stage. */
export function parseDestination(text: string, workdir: string): Destination {
  const path = text.startsWith('/') ? text : `${workdir}/${text}`;
  return {
    elements: rootedElements(latin1Of(path)),
    isDirectory: /(?:^|\/)\.?$/.test(text),
  };
}

/**
 * Finds where a source lands, and makes the directories above that are missing, with `made` as what they are:
 * BuildKit gives them the owner of `--chown`. What a directory holds goes into the destination, a file goes into a
 * destination that is a directory under its own name. Symlinks of the stage are followed, inside of its root.
 * Throws `CONFLICT` in Docker's words where a file and a directory meet.
 */
export function placeSource(
  files: LayerFiles,
  { elements, isDirectory }: Destination,
  source: { readonly path: string; readonly isDirectory: boolean },
  made: FileState,
): string[] {
  const wanted = files.resolve(elements);
  if (isDirectory) files.makeDirectories(wanted, made);
  const existing = files.find(wanted);
  const type = existing && typeOf(existing);
  if (source.isDirectory) {
    if (type !== undefined && type !== 'directory') throw notADirectory(shown(wanted));
    files.makeDirectories(wanted, made);
    return wanted;
  }
  const target = type === 'directory' ? [...wanted, baseName(source.path)] : wanted;
  files.makeDirectories(target.slice(0, -1), made);
  return target;
}

/** Finds the places of a source's files below where it lands; those of one directory come one after the other. */
export class DirectoryCursor {
  readonly #files: LayerFiles;
  readonly #target: readonly string[];
  /** Of the directory that is at hand, below the target. */
  #path: string | undefined;
  #directory: StageNode;

  constructor(files: LayerFiles, target: readonly string[]) {
    this.#files = files;
    this.#target = target;
    this.#directory = files.root;
  }

  /** `path` is below the target, `''` the target itself. Its directory came before it. */
  place(path: string): StageNode {
    const name = path === '' ? this.#target.at(-1) : baseName(path);
    // The root is its own place.
    if (name === undefined) return this.#files.root;
    if (path === '') return ensureChild(this.#find(this.#target.slice(0, -1)), name);
    const parent = parentOf(path);
    if (parent !== this.#path) {
      this.#directory = this.#find(parent === '' ? this.#target : [...this.#target, ...parent.split('/')]);
      this.#path = parent;
    }
    return ensureChild(this.#directory, name);
  }

  #find(elements: readonly string[]): StageNode {
    const directory = this.#files.find(elements);
    if (directory === undefined) throw new Error('a directory comes before what is in it');
    return directory;
  }

  /** The path of a place as errors name it. */
  shownPath(path: string): string {
    const target = this.#target.join('/');
    return `/${textOf(path === '' ? target : joinPath(target, path))}`;
  }
}

/** Checks that a file may go where `existing` is. Throws `CONFLICT` in BuildKit's words. */
export function checkReplacement(
  { type }: Pick<SourceNode, 'type'>,
  existing: SourceNode['type'] | undefined,
  shownPath: () => string,
): void {
  if (existing === undefined) return;
  if (type === 'directory' && existing !== 'directory') throw notADirectory(shownPath());
  if (type !== 'directory' && existing === 'directory')
    throw new WherryError('CONFLICT', `cannot replace to directory ${shownPath()} with file`);
}

function notADirectory(shownPath: string): WherryError {
  return new WherryError('CONFLICT', `cannot copy to non-directory: ${shownPath}`);
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}

function shown(elements: readonly string[]): string {
  return `/${textOf(elements.join('/'))}`;
}
