import { mkdirSync, writeFileSync } from 'node:fs';
import type { Digest } from '../digest.ts';
import { containerPlaces } from '../engine/containers/container-places.ts';
import type { Store } from '../engine/store/store.ts';
import type { ContainerOptions } from '../runtime/container-options.ts';
import type { ContainerRecord } from '../runtime/container-record.ts';
import { type ContainerStatus, CREATED_STATE } from '../runtime/container-state.ts';
import { identifyProcess } from '../runtime/process-identity.ts';

export interface StoredContainerOptions {
  readonly name: string;
  readonly imageId: Digest;
  readonly status?: ContainerStatus;
  /** The beginning of its ID. */
  readonly id?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly options?: ContainerOptions;
  readonly stopSignal?: string;
}

/** Where what the container changed is to be put, made if need be. */
export function upperOf(store: Store, { id }: Pick<ContainerRecord, 'id'>): string {
  const { upper } = containerPlaces(store.root, id);
  mkdirSync(upper, { recursive: true });
  return upper;
}

const CREATED_AT = new Date('2026-01-02T03:04:05Z');

/** Puts a container straight into a store, without a runtime: one that runs is this very process. */
export function storeContainer(store: Store, options: StoredContainerOptions): ContainerRecord {
  const { name, imageId, status = 'exited', config = {}, options: asked = {}, stopSignal } = options;
  const id = (options.id ?? Buffer.from(name).toString('hex')).padEnd(64, '0');
  const isAlive = status === 'running' || status === 'paused';
  const record: ContainerRecord = {
    ...{ id, name, imageId, imageName: imageId, createdAt: CREATED_AT.toISOString(), argv: ['sh'] },
    ...{ labels: {}, config, options: asked, openStdin: false, stdinOnce: false, autoRemove: false },
    ...{ restartCount: 0, state: { ...CREATED_STATE, status } },
    ...(stopSignal && { stopSignal }),
  };
  store.metadata.putContainer({ id, name, imageId, createdAt: CREATED_AT, record: { ...record } });
  const { paths } = containerPlaces(store.root, id);
  mkdirSync(paths.directory, { recursive: true });
  if (isAlive) writeFileSync(paths.process, JSON.stringify(identifyProcess(process.pid)));
  return record;
}
