import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { WherryError } from '../errors.ts';
import type { OverlayDirectories } from './overlay-options.ts';
import type { Ownership } from './privileges.ts';
import type { Snapshot } from './snapshots/snapshot.ts';

/** Marks our mounts in /proc/self/mountinfo. */
export const OVERLAY_SOURCE = 'wherry';
/**
 * With `redirect_dir` or `metacopy`, which some kernels have on by default, what lies in the upper directory would
 * not be all that changed. `userxattr` has them off, and refuses to be told so.
 */
const OPTIONS_FOR = {
  root: ['redirect_dir=off', 'metacopy=off'],
  namespace: ['userxattr'],
} as const;
/** The kernel's OVL_MAX_STACK. */
const MAX_LOWERS = 500;

export interface OverlayRequest {
  /** Base first, as a config lists them; none makes an empty root. */
  readonly layers: readonly Pick<Snapshot, 'directory'>[];
  /** For what changes and for overlay's own use; made if need be. Absent: the overlay is read-only. */
  readonly changes?: string | undefined;
  /** Where directories are made that have nothing in them, if the overlay needs some; they must stay. */
  readonly empties: string;
}

/** An overlay that can be mounted: all its directories are there. */
export interface OverlayPlan {
  readonly directories: OverlayDirectories;
  /** Mount options beside the directories. */
  readonly flags: readonly string[];
}

/** Throws `INVALID_ARGUMENT` for more layers than an overlay takes. */
export function checkLayerCount(count: number): void {
  if (count <= MAX_LOWERS) return;
  throw new WherryError('INVALID_ARGUMENT', `image has ${count} layers, overlay takes ${MAX_LOWERS}`);
}

/** Makes the directories of an overlay, and tells how it is mounted. Throws what the file system refuses. */
export function planOverlay(
  { layers, changes, empties }: OverlayRequest,
  ownership: Exclude<Ownership, 'user'>,
): OverlayPlan {
  const [upper, work] = ['upper', 'work'].map((name) => changes && join(changes, name));
  if (upper !== undefined) mkdirSync(upper, { recursive: true, mode: 0o755 });
  if (work !== undefined) {
    // Once it was mounted `volatile` the kernel refuses it, for fear of what a loss of power may have left.
    if (existsSync(join(work, 'work', 'incompat'))) rmSync(work, { recursive: true });
    mkdirSync(work, { recursive: true, mode: 0o700 });
  }
  // The kernel takes no directory twice, and an image may have a layer twice, an empty one mostly. What the lower
  // one has the upper one has too, so it shows nothing of its own.
  const lowers = [...new Set(layers.map(({ directory }) => directory).reverse())];
  // An overlay needs a lower directory, and two of them when there is none above.
  for (let missing = (upper === undefined ? 2 : 1) - lowers.length; missing > 0; missing--) {
    const path = join(empties, String(missing));
    mkdirSync(path, { recursive: true, mode: 0o755 });
    lowers.push(path);
  }
  const flags = [...(upper === undefined ? ['ro'] : []), ...OPTIONS_FOR[ownership]];
  return { directories: { lowers, upper, work }, flags };
}
