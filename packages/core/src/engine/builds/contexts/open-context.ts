import { resolve } from 'node:path';
import type { BuildEvent } from '../../../build/build-event.ts';
import { findDockerfile, resolveContextDirectory } from '../../../build/context/find-dockerfile.ts';
import { type IgnoreRules, parseIgnoreRules, readIgnoreRules } from '../../../build/context/ignore-rules.ts';
import { findSources } from '../../../build/copy/source-paths.ts';
import type { SourceNode, SourceTree } from '../../../build/source-tree.ts';
import { collect } from '../../../bytes/collect.ts';
import { isWherryError, WherryError } from '../../../errors.ts';
import type { BuildContext, BuildDockerfile, BuildRequest } from '../../build-request.ts';
import {
  type ContextDeps,
  directoryTree,
  fileBytes,
  gitDirectory,
  MAX_DOCKERFILE_BYTES,
  type StreamContext,
  streamContext,
  urlContext,
} from './context-trees.ts';

/** A Dockerfile, and the files that it may take. */
export interface OpenedContext extends AsyncDisposable {
  readonly dockerfile: Uint8Array;
  /** As errors name it. */
  readonly dockerfileName: string;
  /** What tells the Dockerfile from others on this machine. */
  readonly dockerfileId: string;
  readonly tree: SourceTree;
  /** Tells what an ignore file leaves out; absent: there is none. */
  readonly ignores?: (path: string) => boolean;
}

type OpenedFiles = Omit<OpenedContext, typeof Symbol.asyncDispose>;

const DEFAULT_NAME = 'Dockerfile';
const IGNORE_FILE = '.dockerignore';

/**
 * Opens what a build is made of. Throws `FILE_NOT_FOUND` and `INVALID_ARGUMENT` in Docker's words, `PERMISSION_DENIED`,
 * `INVALID_TAR`, `UNREACHABLE`, `CANCELLED`.
 */
export async function openContext(
  { context, dockerfile }: Pick<BuildRequest, 'context' | 'dockerfile'>,
  deps: ContextDeps,
): Promise<OpenedContext> {
  const opened = await openFiles(context, dockerfile, deps);
  const isInside = dockerfile?.kind !== 'stream';
  const extra = isInside ? 0 : opened.dockerfile.length;
  reportSize(opened.tree.root, extra, deps.emit);
  return { ...opened, [Symbol.asyncDispose]: () => opened.tree[Symbol.asyncDispose]() };
}

/** The files of one of the build's other contexts. */
export async function openNamedContext(
  name: string,
  context: BuildContext,
  deps: ContextDeps,
): Promise<SourceTree> {
  switch (context.kind) {
    case 'directory': {
      const directory = await resolveContextDirectory(context.path);
      const rules = await readIgnoreRules(directory);
      return directoryTree(directory, rules?.matcher, deps);
    }
    case 'git':
      return directoryTree(await gitDirectory(context.url, `context-${name}`, deps), undefined, deps);
    case 'url':
      return treeOf(await urlContext(context.url, deps));
    case 'stream':
      return treeOf(await streamContext(context.source, deps));
  }
}

async function openFiles(
  context: BuildContext,
  dockerfile: BuildDockerfile | undefined,
  deps: ContextDeps,
): Promise<OpenedFiles> {
  switch (context.kind) {
    case 'directory':
      return openDirectory(await resolveContextDirectory(context.path), dockerfile, process.cwd(), deps);
    case 'git': {
      const directory = await gitDirectory(context.url, 'context', deps);
      return { ...(await openDirectory(directory, dockerfile, directory, deps)), dockerfileId: context.url };
    }
    case 'url':
      return openStream(await urlContext(context.url, deps), dockerfile, context.url);
    case 'stream':
      return openStream(await streamContext(context.source, deps), dockerfile, '-');
  }
}

async function openDirectory(
  directory: string,
  dockerfile: BuildDockerfile | undefined,
  workingDirectory: string,
  deps: ContextDeps,
): Promise<OpenedFiles> {
  if (dockerfile?.kind === 'stream') {
    const bytes = await collect(dockerfile.source, MAX_DOCKERFILE_BYTES);
    const rules = await readIgnoreRules(directory);
    const tree = await directoryTree(directory, rules?.matcher, deps);
    const id = `${directory} -`;
    return { dockerfile: bytes, dockerfileName: DEFAULT_NAME, dockerfileId: id, tree, ...ignoring(rules) };
  }
  const found = await findDockerfile(directory, dockerfile?.path, workingDirectory);
  const bytes = await fileBytes(found.realPath);
  const rules = await readIgnoreRules(directory, found.path);
  const tree = await directoryTree(directory, rules?.matcher, deps);
  return {
    dockerfile: bytes,
    dockerfileName: found.name ?? DEFAULT_NAME,
    dockerfileId: `${directory} ${resolve(found.path)}`,
    tree,
    ...ignoring(rules),
  };
}

async function openStream(
  context: StreamContext,
  dockerfile: BuildDockerfile | undefined,
  id: string,
): Promise<OpenedFiles> {
  if (context.kind === 'dockerfile')
    return { dockerfile: context.text, dockerfileName: DEFAULT_NAME, dockerfileId: id, tree: context.tree };
  const { archive } = context;
  const name = dockerfile?.kind === 'file' ? dockerfile.path : undefined;
  const { path, bytes } =
    dockerfile?.kind === 'stream'
      ? { path: DEFAULT_NAME, bytes: await collect(dockerfile.source, MAX_DOCKERFILE_BYTES) }
      : await dockerfileIn(archive, name);
  const ignore = (await readIn(archive, `${path}${IGNORE_FILE}`)) ?? (await readIn(archive, IGNORE_FILE));
  const rules = ignore && parseIgnoreRules(IGNORE_FILE, ignore);
  const tree = rules ? archive.without(rules.matcher) : archive;
  return {
    ...ignoring(rules),
    ...{ dockerfile: bytes, dockerfileName: path, dockerfileId: `${id} ${path}` },
    tree: {
      root: tree.root,
      knownDigest: (file) => tree.knownDigest(file),
      read: (files, signal) => tree.read(files, signal),
      [Symbol.asyncDispose]: () => archive[Symbol.asyncDispose](),
    },
  };
}

function ignoring(rules: IgnoreRules | undefined) {
  return rules && { ignores: (path: string) => rules.matcher.excluded(path) };
}

async function dockerfileIn(
  archive: SourceTree,
  name: string | undefined,
): Promise<{ readonly path: string; readonly bytes: Uint8Array }> {
  for (const path of name === undefined ? [DEFAULT_NAME, DEFAULT_NAME.toLowerCase()] : [name]) {
    const bytes = await readIn(archive, path);
    if (bytes) return { path, bytes };
  }
  throw new WherryError('FILE_NOT_FOUND', `Cannot locate specified Dockerfile: ${name ?? DEFAULT_NAME}`);
}

async function readIn(tree: SourceTree, path: string): Promise<Uint8Array | undefined> {
  const node = fileIn(tree, path);
  if (node === undefined) return undefined;
  for await (const { body } of tree.read([node]))
    return body instanceof Uint8Array ? body : collect(body, MAX_DOCKERFILE_BYTES);
  return undefined;
}

function fileIn({ root }: SourceTree, path: string): SourceNode | undefined {
  try {
    const [match] = findSources(root, path, { verb: 'COPY', isContext: true });
    return match?.node.type === 'file' ? match.node : undefined;
  } catch (error) {
    if (isWherryError(error, 'FILE_NOT_FOUND')) return undefined;
    throw error;
  }
}

function treeOf(context: StreamContext): SourceTree {
  return context.kind === 'archive' ? context.archive : context.tree;
}

const BLOCK_BYTES = 512;

/** What the context would come to as a tar, which is what Docker tells. */
function reportSize(root: SourceNode, extraBytes: number, emit: (event: BuildEvent) => void): void {
  let bytes = 2 * BLOCK_BYTES + (extraBytes > 0 ? entryBytes(extraBytes) : 0);
  const ahead = [root];
  for (let node = ahead.pop(); node !== undefined; node = ahead.pop()) {
    if (node !== root) bytes += entryBytes(node.size);
    for (const child of node.children?.values() ?? []) ahead.push(child);
  }
  emit({ kind: 'build-context', bytes, isDone: true });
}

function entryBytes(size: number): number {
  return BLOCK_BYTES + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
}
