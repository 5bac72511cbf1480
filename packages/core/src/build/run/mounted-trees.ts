import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { copyLayers } from '../../rootfs/copy-layers.ts';
import { copyNames } from '../../rootfs/copy-names.ts';
import { linkOverlay } from '../../rootfs/overlay-options.ts';
import { planOverlay } from '../../rootfs/overlay-plan.ts';
import type { Ownership } from '../../rootfs/privileges.ts';
import type { EnclosedMount } from '../../runtime/enclosure.ts';
import type { MountedFiles } from './run-mount.ts';
import type { StepPlaces } from './step-places.ts';

/** Files that appear in a directory of the step's, mounted or copied. */
export interface Tree {
  readonly files: MountedFiles;
  readonly isWritable: boolean;
  /** Where they appear. */
  readonly root: string;
  /** A directory for what changes, and others that an overlay needs. */
  readonly changes: string;
}

/** The tree of a mount; `undefined`: the host has a directory that is mounted as it is. */
export function treeOf(
  files: MountedFiles,
  isWritable: boolean,
  index: number,
  places: Pick<StepPlaces, 'trees'>,
): Tree | undefined {
  if (files.kind === 'directory' && !isWritable) return undefined;
  const directory = join(places.trees, String(index));
  return { files, isWritable, root: join(directory, 'root'), changes: join(directory, 'changes') };
}

/** Makes the directories of a tree's overlay, with links to them in `links` whose names begin with `prefix`. */
export function overlayOf(
  { files, isWritable, root, changes }: Tree,
  links: string,
  prefix: string,
  ownership: Exclude<Ownership, 'user'>,
): EnclosedMount {
  mkdirSync(root, { recursive: true, mode: 0o755 });
  const layers = files.kind === 'layers' ? files.layers : [{ directory: files.directory }];
  const { directories, flags } = planOverlay(
    { layers, changes: isWritable ? changes : undefined, empties: join(changes, 'empties') },
    ownership,
  );
  const options = linkOverlay(links, directories, flags, prefix);
  // Nobody mounts it again, so that the kernel need not flush all of the disk when it goes. Linux 5.10 or newer.
  const fast = isWritable ? { options: `${options},volatile`, otherOptions: options } : { options };
  return { type: 'overlay', target: root, ...fast };
}

/** Copies a tree's files to where it appears, where the kernel mounts no overlay. */
export async function copyTree({ files, root }: Tree, signal: AbortSignal | undefined): Promise<void> {
  mkdirSync(root, { recursive: true, mode: 0o755 });
  if (files.kind === 'layers') await copyLayers(files.layers, root, signal);
  else await copyNames(files.directory, root, [''], { isRecursive: true, ...(signal && { signal }) });
}
