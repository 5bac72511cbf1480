import { closeSync, fchmodSync, fchownSync, futimesSync } from 'node:fs';
import { concatBytes } from '../../bytes/concat.ts';
import { encodeTarHeader, tarEnd } from '../../tar/writer.ts';
import type { SafeRoot } from './safe-path.ts';
import { extract } from './staged-entries.ts';
import type { DirectoryAttributes, DirectoryNode } from './tree-node.ts';
import { isBornOwned, isPlainTime, type UnpackContext } from './unpack-context.ts';
import { toUnpackError } from './unpack-error.ts';

/** Directories that one `tar` is told of; all of them are open meanwhile. */
const BATCH = 200;
const OPAQUE_VALUE = Buffer.from('y');

/**
 * Sets owners, modes, times and extended attributes of all directories, children first: nothing is made in any
 * of them afterwards. Returns the extended attributes that had to be left out.
 */
export function setDirectoryAttributes(root: SafeRoot, context: UnpackContext): string[] {
  const batch = new TarBatch();
  try {
    for (const node of childrenFirst(root.root)) {
      const attributes = attributesOf(node, context);
      const descriptor = root.takeDescriptor(node);
      if (attributes.xattrs === undefined && isPlainTime(attributes.mtime, attributes.mtimeNs))
        setPlainly(node, descriptor, attributes, context);
      else batch.add(descriptor, attributes);
    }
    batch.flush();
    return batch.refused;
  } finally {
    batch.close();
  }
}

function attributesOf(node: DirectoryNode, context: UnpackContext): DirectoryAttributes {
  const { attributes } = node;
  if (attributes === undefined) throw new Error(`rootfs: directory ${node.path} without attributes`);
  if (!node.isOpaque) return attributes;
  const xattrs = new Map(attributes.xattrs);
  xattrs.set(`${context.overlayPrefix}opaque`, OPAQUE_VALUE);
  return { ...attributes, xattrs };
}

function setPlainly(
  node: DirectoryNode,
  descriptor: number,
  attributes: DirectoryAttributes,
  context: UnpackContext,
): void {
  const { uid, gid, mode, mtime } = attributes;
  try {
    if (!isBornOwned(context, uid, gid)) fchownSync(descriptor, uid, gid);
    fchmodSync(descriptor, mode);
    futimesSync(descriptor, mtime, mtime);
  } catch (error) {
    throw toUnpackError(error, { name: Buffer.from(node.path, 'latin1'), uid, gid });
  } finally {
    closeSync(descriptor);
  }
}

/** Directories for one `tar`, which gets descriptors of ours in the place of names: it cannot be misled. */
class TarBatch {
  readonly refused: string[] = [];
  #descriptors: number[] = [];
  #headers: Uint8Array[] = [];

  add(descriptor: number, attributes: DirectoryAttributes): void {
    this.#descriptors.push(descriptor);
    this.#headers.push(encodeTarHeader({ ...attributes, name: `${descriptor}/.`, type: 'directory' }));
    if (this.#descriptors.length === BATCH) this.flush();
  }

  flush(): void {
    if (this.#descriptors.length === 0) return;
    const archive = concatBytes([...this.#headers, tarEnd()]);
    this.refused.push(...extract(['-f', '-', '-C', `/proc/${process.pid}/fd`], archive));
    this.close();
  }

  close(): void {
    for (const descriptor of this.#descriptors) closeSync(descriptor);
    this.#descriptors = [];
    this.#headers = [];
  }
}

function* childrenFirst(node: DirectoryNode): Generator<DirectoryNode, void, undefined> {
  for (const child of node.children.values()) if (child.kind === 'directory') yield* childrenFirst(child);
  yield node;
}
