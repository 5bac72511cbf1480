import { WherryError } from '../../errors.ts';
import { type FileState, type LayerFiles, typeOf } from './layer-files.ts';
import { latin1Of, rootedElements, textOf } from './path-text.ts';
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
    if (type !== undefined && type !== 'directory') throw notADirectory(wanted);
    files.makeDirectories(wanted, made);
    return wanted;
  }
  const target = type === 'directory' ? [...wanted, baseName(source.path)] : wanted;
  files.makeDirectories(target.slice(0, -1), made);
  return target;
}

/** Checks that a file may go where it goes. Throws `CONFLICT` in BuildKit's words. */
export function checkReplacement(files: LayerFiles, target: readonly string[], isDirectory: boolean): void {
  const existing = files.find(target);
  const type = existing && typeOf(existing);
  if (isDirectory && type !== undefined && type !== 'directory') throw notADirectory(target);
  if (!isDirectory && (type === 'directory' || target.length === 0))
    throw new WherryError('CONFLICT', `cannot replace to directory ${shown(target)} with file`);
}

function notADirectory(target: readonly string[]): WherryError {
  return new WherryError('CONFLICT', `cannot copy to non-directory: ${shown(target)}`);
}

function shown(elements: readonly string[]): string {
  return `/${textOf(elements.join('/'))}`;
}
