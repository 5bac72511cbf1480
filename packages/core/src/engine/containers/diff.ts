import { lstat } from 'node:fs/promises';
import type { VerbOptions } from '../../events.ts';
import { opaqueNames } from '../../rootfs/opaque-names.ts';
import { pathBelow } from '../../rootfs/upper-names.ts';
import { isDirectory, type TreeDirectory } from '../../tree/image-tree.ts';
import { requireLayerVariant } from '../store/layer-variant.ts';
import type { ContainerDeps } from './container-deps.ts';
import { requireContainer } from './container-records.ts';
import { baseTree } from './files/base-tree.ts';
import { changedFiles } from './files/changed-files.ts';
import { fromLatin1 } from './files/container-files.ts';
import { type FileChange, nodeAt, overlayChanges } from './files/overlay-changes.ts';
import { holdStill } from './life/hold-still.ts';

/** One name that is not as the image has it. */
export interface ContainerChange {
  /** Absolute. */
  readonly path: string;
  readonly kind: 'added' | 'modified' | 'deleted';
}

/**
 * Tells what a container changed in its files, each directory before what is in it. A directory in which something
 * changed counts as modified; of what is gone the uppermost name is told. Throws `CONTAINER_UNKNOWN`, `CANCELLED`.
 */
export async function diffContainer(
  deps: ContainerDeps,
  idOrName: string,
  options: VerbOptions = {},
): Promise<ContainerChange[]> {
  const record = requireContainer(deps.store.metadata, idOrName);
  const signal = options.signal ?? new AbortController().signal;
  await using _still = await holdStill(deps, record.id, { pause: false, signal });
  let base: Promise<TreeDirectory> | undefined;
  const readBase = () => {
    base ??= treeOf(deps, record.id, signal);
    return base;
  };
  const lookUpBase = async (paths: readonly string[]) => {
    const tree = await readBase();
    const found = paths.map((path) => [path, nodeAt(tree, path)] as const);
    return new Map(
      found.flatMap(([path, node]) => (node ? [[path, node.source?.entry ?? {}] as const] : [])),
    );
  };
  const changed = await changedFiles(deps, record, { lookUpBase, signal });
  if (changed === undefined) return [];
  if (changed.kind === 'copy') return changed.names.map(toChange);
  const tree = await readBase();
  const { directory, names } = changed;
  const both = names.filter(({ path, isWhiteout }) => !isWhiteout && isDirectory(nodeAt(tree, path)));
  const opaque = await opaqueNames(directory, await directoriesAmong(directory, both), signal);
  const statOf = (path: string) => lstat(pathBelow(Buffer.from(directory), path), { bigint: true });
  return (await overlayChanges({ names, tree, opaque, statOf })).map(toChange);
}

async function directoriesAmong(
  directory: string,
  names: readonly { readonly path: string }[],
): Promise<string[]> {
  const found: string[] = [];
  for (const { path } of names)
    if ((await lstat(pathBelow(Buffer.from(directory), path))).isDirectory()) found.push(path);
  return found;
}

async function treeOf({ store }: ContainerDeps, id: string, signal: AbortSignal): Promise<TreeDirectory> {
  const layers = [];
  for (const layer of store.metadata.layersOfContainer(id))
    layers.push(await requireLayerVariant(store, layer));
  return await baseTree(store, layers, signal);
}

function toChange({ path, kind }: FileChange): ContainerChange {
  return { path: `/${fromLatin1(path)}`, kind };
}
