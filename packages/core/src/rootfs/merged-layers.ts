import { readdir } from 'node:fs/promises';
import type { Snapshot } from './snapshots/snapshot.ts';
import { isWhiteout, pathBelow } from './upper-names.ts';

/** A name in the merged view of several lower directories. */
export interface MergedNode {
  /** Whose it is: the uppermost layer's that has it. */
  readonly layer: number;
  /** Of a directory. */
  readonly children?: Map<string, MergedNode>;
}

/** What of a layer shows in the merged view: paths below its directory, one character per byte, sorted. */
export interface VisibleNames {
  readonly directories: readonly string[];
  readonly others: readonly string[];
}

/** Finds out, per layer, what an overlay of the layers, base first, would show of it. */
export async function visibleNames(
  layers: readonly Pick<Snapshot, 'directory' | 'opaque'>[],
): Promise<VisibleNames[]> {
  const visible = layers.map(() => ({ directories: [] as string[], others: [] as string[] }));
  collect(await mergeLayers(layers), '', visible);
  return visible;
}

/** The merged view of the layers, base first: names with one character per byte, each with whose it is. */
export async function mergeLayers(
  layers: readonly Pick<Snapshot, 'directory' | 'opaque'>[],
): Promise<ReadonlyMap<string, MergedNode>> {
  let root = new Map<string, MergedNode>();
  for (const [layer, { directory, opaque }] of layers.entries()) {
    const hiding = new Set(opaque);
    if (hiding.has('')) root = new Map();
    await mergeInto(root, { layer, root: Buffer.from(directory), hiding }, '');
  }
  return root;
}

interface LayerInProgress {
  readonly layer: number;
  readonly root: Buffer;
  /** Its opaque directories. */
  readonly hiding: ReadonlySet<string>;
}

async function mergeInto(names: Map<string, MergedNode>, from: LayerInProgress, path: string): Promise<void> {
  const { layer, hiding } = from;
  for (const entry of await readdir(pathBelow(from.root, path), {
    withFileTypes: true,
    encoding: 'buffer',
  })) {
    const name = entry.name.toString('latin1');
    const childPath = path === '' ? name : `${path}/${name}`;
    if (await isWhiteout(entry, pathBelow(from.root, childPath))) names.delete(name);
    else if (!entry.isDirectory()) names.set(name, { layer });
    else {
      const below = hiding.has(childPath) ? undefined : names.get(name)?.children;
      const children = below ?? new Map<string, MergedNode>();
      names.set(name, { layer, children });
      await mergeInto(children, from, childPath);
    }
  }
}

function collect(
  names: ReadonlyMap<string, MergedNode>,
  prefix: string,
  into: readonly { directories: string[]; others: string[] }[],
): void {
  for (const [name, { layer, children }] of [...names].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const path = prefix + name;
    if (children === undefined) into[layer]?.others.push(path);
    else {
      into[layer]?.directories.push(path);
      collect(children, `${path}/`, into);
    }
  }
}
