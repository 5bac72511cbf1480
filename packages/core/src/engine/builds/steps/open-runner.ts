import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { StepRunner } from '../../../build/build-deps.ts';
import type { Snapshots } from '../../../rootfs/snapshots/snapshots.ts';
import { openRuntime } from '../../../runtime/oci-runtime.ts';
import { readHostFacts } from '../../../runtime/spec/host-facts.ts';
import { BuildPlaces } from '../../build-cache/build-places.ts';
import type { Store } from '../../store/store.ts';
import type { BuildSecrets } from './secrets.ts';

export interface RunnerDeps {
  readonly store: Store;
  readonly snapshots: Snapshots;
}

/** What RUN needs over a store; `scratch` is a directory of this build alone. */
export async function openRunner(
  { store, snapshots }: RunnerDeps,
  scratch: string,
  { secret, agent }: BuildSecrets,
  signal: AbortSignal,
): Promise<StepRunner> {
  const { mounts } = new BuildPlaces(store.root);
  await mkdir(mounts, { recursive: true, mode: 0o700 });
  return {
    deps: {
      scratch: join(scratch, 'steps'),
      caches: mounts,
      runtime: (stateDirectory) => openRuntime({ stateDirectory }),
      host: readHostFacts(),
    },
    unpack: (layers) =>
      snapshots.ensure(
        layers.map(({ diffID, digest }) => ({ diffID, blob: digest })),
        { signal },
      ),
    adopt: ({ diffID }, { directory, ...files }) => snapshots.adopt(diffID, directory, files),
    secrets: secret,
    agent,
  };
}
