import { readFile, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { IgnoreMatcher, parseIgnoreFile } from '@wherry/dockerfile';
import type { BuildEvent } from '../../build/build-event.ts';
import { openDirectoryContext } from '../../build/context/directory-context.ts';
import type { SourceNode, SourceTree } from '../../build/source-tree.ts';
import { isErrno, WherryError } from '../../errors.ts';
import { BuildPlaces } from '../build-cache/build-places.ts';
import type { BuildRequest } from '../build-request.ts';

/** A Dockerfile, and the files that it may take. */
export interface OpenedContext extends AsyncDisposable {
  readonly dockerfile: Uint8Array;
  /** As the user named it. */
  readonly dockerfileName: string;
  /** What tells the Dockerfile from others on this machine. */
  readonly dockerfileId: string;
  readonly tree: SourceTree;
}

export interface OpenContextOptions {
  readonly root: string;
  readonly emit: (event: BuildEvent) => void;
  readonly signal: AbortSignal;
}

/** Opens what a build is made of. Throws `FILE_NOT_FOUND` in Docker's words, `PERMISSION_DENIED`, `CANCELLED`. */
export async function openContext(
  request: BuildRequest,
  { root, emit, signal }: OpenContextOptions,
): Promise<OpenedContext> {
  const { context } = request;
  if (context.kind !== 'directory') throw new WherryError('UNSUPPORTED', `context ${context.kind}`);
  const directory = await realpath(resolve(context.path));
  const name = request.dockerfile?.kind === 'file' ? request.dockerfile.path : join(directory, 'Dockerfile');
  const dockerfile = await readFile(name);
  const ignore = await ignoreMatcher(directory);
  const tree = await openDirectoryContext(directory, {
    cacheDirectory: join(new BuildPlaces(root).directory, 'contexts'),
    onWarning: (message) => emit({ kind: 'build-warning', message }),
    ...(ignore && { ignore }),
    signal,
  });
  emit({ kind: 'build-context', bytes: archiveBytes(tree.root), isDone: true });
  return {
    ...{ dockerfile, dockerfileName: 'Dockerfile', dockerfileId: resolve(name), tree },
    [Symbol.asyncDispose]: () => tree[Symbol.asyncDispose](),
  };
}

async function ignoreMatcher(directory: string): Promise<IgnoreMatcher | undefined> {
  try {
    return new IgnoreMatcher(parseIgnoreFile(await readFile(join(directory, '.dockerignore'))));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

const BLOCK_BYTES = 512;

/** What the context would come to as a tar, which is what Docker tells. */
function archiveBytes(root: SourceNode): number {
  let bytes = 2 * BLOCK_BYTES;
  const ahead = [root];
  for (let node = ahead.pop(); node !== undefined; node = ahead.pop()) {
    if (node !== root) bytes += BLOCK_BYTES + Math.ceil(node.size / BLOCK_BYTES) * BLOCK_BYTES;
    for (const child of node.children?.values() ?? []) ahead.push(child);
  }
  return bytes;
}
