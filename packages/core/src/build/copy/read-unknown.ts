import { throwIfCancelled } from '../../errors.ts';
import { isKnownIn, type SourceNode, type SourceTree } from '../source-tree.ts';
import type { PlannedSource } from './planned-source.ts';

/** Of all the work of a layer: what is read for nothing when it must be written after all. */
export const SMALL_SHARE = 1 / 8;
/** What it takes to open a file, in bytes that are read in the same time. */
const BYTES_A_FILE = 16 * 1024;

type Files = Pick<PlannedSource, 'origin' | 'files'>;

/**
 * Reads the files of a step whose digests are not known, so that they are; `false`: that is more than `maxShare` of
 * the work that all are, and nothing was read. Throws what reading the sources throws, `CANCELLED`.
 */
export async function readUnknown(
  sources: readonly Files[],
  maxShare: number,
  signal?: AbortSignal,
): Promise<boolean> {
  let [all, unread] = [0, 0];
  for (const { origin, files } of sources)
    for (const { node } of files) {
      if (node.type !== 'file') continue;
      all += workOf(node);
      if (!isKnownIn(origin.tree, node)) unread += workOf(node);
    }
  if (unread === 0) return true;
  if (unread > all * maxShare) return false;
  for (const [tree, nodes] of unknownOf(sources))
    for await (const { body } of tree.read(nodes, signal)) {
      throwIfCancelled(signal);
      if (!(body instanceof Uint8Array)) for await (const _ of body);
    }
  return true;
}

function unknownOf(sources: readonly Files[]): Map<SourceTree, Set<SourceNode>> {
  const unknown = new Map<SourceTree, Set<SourceNode>>();
  for (const { origin, files } of sources) {
    const ofTree = unknown.get(origin.tree) ?? new Set();
    unknown.set(origin.tree, ofTree);
    for (const { node } of files) if (node.type === 'file' && !isKnownIn(origin.tree, node)) ofTree.add(node);
  }
  return unknown;
}

function workOf({ size }: SourceNode): number {
  return size + BYTES_A_FILE;
}
