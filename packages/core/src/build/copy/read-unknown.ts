import { throwIfCancelled } from '../../errors.ts';
import { isKnownIn, type SourceNode, type SourceTree } from '../source-tree.ts';
import type { PlannedSource } from './planned-source.ts';

/** Of all the work of a layer: what is read for nothing when it must be written after all. */
export const SMALL_SHARE = 1 / 8;
/** What it takes to open a file, in bytes that are read in the same time. */
const BYTES_A_FILE = 16 * 1024;

/**
 * Reads the files of a step whose digests are not known, so that they are; `false`: that is more than `maxShare` of
 * the work that all are, and nothing was read. Throws what reading the sources throws, `CANCELLED`.
 */
export async function readUnknown(
  sources: readonly Pick<PlannedSource, 'origin' | 'files'>[],
  maxShare: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const unknown = new Map<SourceTree, Set<SourceNode>>();
  let left = 0;
  for (const { files } of sources)
    for (const { node } of files) if (node.type === 'file') left += workOf(node);
  left *= maxShare;
  for (const { origin, files } of sources) {
    const ofTree = unknown.get(origin.tree) ?? new Set();
    unknown.set(origin.tree, ofTree);
    for (const { node } of files) {
      if (node.type !== 'file' || isKnownIn(origin.tree, node) || ofTree.has(node)) continue;
      left -= workOf(node);
      if (left < 0) return false;
      ofTree.add(node);
    }
  }
  for (const [tree, nodes] of unknown)
    for await (const { body } of tree.read(nodes, signal)) {
      throwIfCancelled(signal);
      if (!(body instanceof Uint8Array)) for await (const _ of body);
    }
  return true;
}

function workOf({ size }: SourceNode): number {
  return size + BYTES_A_FILE;
}
