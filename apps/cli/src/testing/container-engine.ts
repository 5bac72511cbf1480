import { type ContainerRecord, type Digest, type Engine, WherryError } from '@wherry/core';

export const ID = 'c0ffee'.padEnd(64, '1');
export const IMAGE = `sha256:${'a1'.repeat(32)}` as Digest;

/** One that has ended, with exit code 3. */
export const container: ContainerRecord = {
  id: ID,
  name: 'web',
  createdAt: '2026-11-23T20:59:55.000000000Z',
  imageId: IMAGE,
  imageName: 'busybox',
  argv: ['sh', '-c', 'exit 3; and more words'],
  labels: { k: 'v' },
  config: {},
  options: { network: 'host' },
  ...{ openStdin: false, stdinOnce: false, autoRemove: false, restartCount: 0 },
  state: {
    ...{ status: 'exited', pid: 0, exitCode: 3, oomKilled: false, error: '' },
    startedAt: '2026-11-23T20:59:56Z',
    finishedAt: '2026-11-23T20:59:58Z',
  },
};

/** An engine with these verbs on containers alone. */
export function withContainers(verbs: Partial<Engine['containers']>): { readonly engine: Partial<Engine> } {
  return { engine: { containers: verbs as Engine['containers'] } };
}

export function unknown(name: string): WherryError {
  return new WherryError('CONTAINER_UNKNOWN', `No such container: ${name}`);
}
