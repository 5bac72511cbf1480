import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { NewStep } from '../build/cache/build-cache.ts';
import { fileListDigest, fileListText } from '../build/cache/file-list.ts';
import type { StepFiles, StepResult } from '../build/step-inputs.ts';
import type { Digest } from '../digest.ts';
import { openBuildCache } from '../engine/build-cache/stored-build-cache.ts';
import type { Store } from '../engine/store/store.ts';

/** Puts a layer's blob and record straight into a store; its bytes are no tar. */
export function storeBareLayer(store: Store, label: string, bytes = 10): NonNullable<StepResult['layer']> {
  const content = Buffer.alloc(bytes, `${label} `);
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}` as Digest;
  const path = store.blobs.pathOf(digest);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  store.metadata.putLayer({ digest, diffID: digest, size: bytes, tarSize: bytes, contentSize: bytes });
  return { digest, diffID: digest, size: bytes };
}

export function newStep(label: string, more: Partial<NewStep> = {}): NewStep {
  return {
    slot: `slot of ${label}`,
    description: `RUN make ${label}`,
    inputs: { base: '', instruction: `RUN make ${label}`, values: {} },
    ...more,
  };
}

/** A step as a build that is over left it, with a layer of `bytes` bytes, or of none. */
export async function storeStep(
  store: Store,
  label: string,
  { bytes = 10, ...more }: Partial<NewStep> & { readonly bytes?: number } = {},
): Promise<NewStep> {
  await using lease = await store.metadata.acquireLease('test');
  const step = newStep(label, {
    ...(bytes > 0 && { layer: storeBareLayer(store, label, bytes) }),
    ...more,
  });
  await openBuildCache(store, lease).put(step);
  return step;
}

export function filesOf(files: Readonly<Record<string, string>>): StepFiles {
  const list = () => Object.entries(files).map(([path, state]) => ({ path, state }));
  return { digest: fileListDigest(fileListText(list())), list };
}
