import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { WherryError } from '../../errors.ts';
import type { Platform } from '../../platform.ts';
import { detectOwnership } from '../../rootfs/privileges.ts';
import { Snapshots } from '../../rootfs/snapshots/snapshots.ts';
import { namespaceRuntimeDirectory } from '../../runtime/namespace/namespace-places.ts';
import { openRuntime } from '../../runtime/oci-runtime.ts';
import type { Store } from '../store/store.ts';
import type { ContainerDeps } from './container-deps.ts';

/** A file system that a restart of the machine empties, and the processes with it. */
const STATE_PARENT = '/run/wherry';

/** What verbs on containers need, over a store. Throws `UNSUPPORTED` where there are no containers. */
export function containerDeps(store: Store, host: Platform): ContainerDeps {
  if (process.platform !== 'linux')
    throw new WherryError('UNSUPPORTED', `containers need Linux, this is ${process.platform}`);
  let runtime: ReturnType<typeof openRuntime> | undefined;
  return {
    ...{ store, host },
    snapshots: new Snapshots(store.root),
    subpaths: `${stateDirectory(store.root)}-subpaths`,
    runtime: () => {
      runtime ??= openRuntime({ stateDirectory: stateDirectory(store.root) });
      return runtime;
    },
    now: () => new Date(),
  };
}

/**
 * Each store has its own, so that the runtime does not mix their containers up. That of an ordinary user lies in the
 * store: other places go when the user logs out, or are not the same in each session.
 */
export function stateDirectory(root: string): string {
  if (detectOwnership() !== 'root') return namespaceRuntimeDirectory(root);
  const name = createHash('sha256').update(root).digest('hex').slice(0, 16);
  return join(STATE_PARENT, name);
}
