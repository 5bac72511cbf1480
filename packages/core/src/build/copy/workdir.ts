import type { ByteSource } from '../../bytes/byte-source.ts';
import type { ImageTree } from '../../tree/image-tree.ts';
import { type FileState, LayerFiles, typeOf } from './layer-files.ts';
import { latin1Of, rootedElements } from './path-text.ts';
import { writeCopy } from './write-copy.ts';

/**
 * Makes the layer of a WORKDIR: the directories of the path that the stage lacks, with mode 0755 and the
 * owner that USER names, as BuildKit has it. Symlinks of the stage are followed. Returns `undefined` when
 * nothing is missing. Throws `CONFLICT` where something else is in the way. BK reference, "WORKDIR".
 */
export function workdirLayer(lower: ImageTree, path: string, made: FileState): ByteSource | undefined {
  const files = new LayerFiles(lower);
  const wanted = files.resolve(rootedElements(latin1Of(path)));
  const existing = files.find(wanted);
  if (existing && typeOf(existing) === 'directory') return undefined;
  files.makeDirectories(wanted, made);
  return writeCopy(files.entries());
}
