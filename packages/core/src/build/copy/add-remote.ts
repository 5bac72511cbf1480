import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { STATUS_CODES } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { readFileRange } from '../../bytes/node.ts';
import { createNodeHasher } from '../../bytes/node-hasher.ts';
import { type Digest, digestAlgorithm, parseDigest } from '../../digest.ts';
import { throwIfCancelled, WherryError } from '../../errors.ts';
import type { SourceContent, SourceNode, SourceTree } from '../source-tree.ts';
import type { CopyOrigin } from './copy-request.ts';
import { latin1Of } from './path-text.ts';

/** The answer to a GET, redirects already followed. */
export interface Fetched {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Fails when it ends before its time. */
  readonly body: ByteSource;
}

export type FetchUrl = (url: string, signal?: AbortSignal) => Promise<Fetched>;

/** A URL that ADD takes a file from. */
export interface RemoteFile {
  readonly url: string;
  /** As the instruction has it: whether it ends in a slash decides whether a name is needed. */
  readonly destination: string;
  /** `--checksum`: what the file must hash to. */
  readonly checksum?: string;
}

const FILE_MODE = 0o600;
/** BuildKit's name for what has none. */
const UNNAMED = '__unnamed__';
/** How much of an answer that is no file goes into the error. */
const SHOWN_BODY_BYTES = 1024;

/**
 * Fetches a file for ADD into a directory of its own below `scratch`, which goes when the origin is disposed of. It
 * has mode 0600 and the server's `Last-Modified`, or else 1970, as its time. BK reference, "ADD", "Adding files from
 * a remote URL". Throws `FILE_NOT_FOUND` or `UNREACHABLE` in Docker's words for an answer that is no file,
 * `DIGEST_MISMATCH`, `INVALID_DIGEST`, `INVALID_ARGUMENT` when nothing tells its name, and what `fetch` throws.
 */
export async function fetchOrigin(
  { url, destination, checksum }: RemoteFile,
  deps: { readonly fetch: FetchUrl; readonly scratch: string },
  signal?: AbortSignal,
): Promise<CopyOrigin> {
  const wanted = checksum === undefined ? undefined : parseDigest(checksum);
  const { status, headers, body } = await deps.fetch(url, signal);
  if (status >= 400) throw await badAnswer(url, status, body);
  const name = nameOf(url, headers) ?? unnamed(url, destination);
  const directory = await mkdtemp(join(deps.scratch, 'add-'));
  try {
    const path = join(directory, 'content');
    const file = await download(body, path, wanted, signal);
    const tree = new RemoteSource({ name, directory, path, mtime: lastModified(headers), ...file });
    // Not by its name, in which a server may have put anything.
    return { kind: 'fetched', tree, sources: ['*'] };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

async function download(
  body: ByteSource,
  path: string,
  wanted: Digest | undefined,
  signal: AbortSignal | undefined,
): Promise<{ readonly size: number; readonly digest: Digest }> {
  const hasher = createNodeHasher();
  const checker = wanted && digestAlgorithm(wanted) !== 'sha256' ? createNodeHasher('sha512') : undefined;
  let size = 0;
  async function* hashed(): ByteSource {
    for await (const chunk of body) {
      throwIfCancelled(signal);
      hasher.update(chunk);
      checker?.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  }
  await pipeline(hashed, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
  const digest = hasher.digest();
  const found = checker?.digest() ?? digest;
  if (wanted !== undefined && found !== wanted)
    throw new WherryError('DIGEST_MISMATCH', `digest mismatch ${found}: ${wanted}`);
  return { size, digest };
}

interface StoredFile {
  readonly name: string;
  /** Holds the file and nothing else. */
  readonly directory: string;
  readonly path: string;
  readonly size: number;
  readonly digest: Digest;
  /** Whole seconds. */
  readonly mtime: number;
}

/** A directory with the one file that was fetched. */
class RemoteSource implements SourceTree {
  readonly root: SourceNode;
  readonly #file: StoredFile;

  constructor(file: StoredFile) {
    const { size, mtime } = file;
    const plain = { uid: 0, gid: 0, mtimeNs: 0, link: new Uint8Array(0), devMajor: 0, devMinor: 0 };
    const node: SourceNode = { ...plain, type: 'file', mode: FILE_MODE, size, mtime };
    const children = new Map([[latin1Of(file.name), node]]);
    this.root = { ...plain, type: 'directory', mode: 0o755, size: 0, mtime, children };
    this.#file = file;
  }

  knownDigest(): Digest {
    return this.#file.digest;
  }

  async *read(files: Iterable<SourceNode>, signal?: AbortSignal): AsyncIterable<SourceContent> {
    for (const node of files) {
      throwIfCancelled(signal);
      yield { node, body: readFileRange(this.#file.path) };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#file.directory, { recursive: true, force: true });
  }
}

/** The last element of the URL's path, or what the server calls the file. */
function nameOf(url: string, headers: ReadonlyMap<string, string>): string | undefined {
  return plainName(decoded(new URL(url).pathname)) ?? plainName(dispositionName(headers) ?? '');
}

function plainName(path: string): string | undefined {
  const name = path.replace(/\/+$/, '').replace(/^.*\//s, '');
  return name === '' || name === '.' || name === '..' || name.includes('\0') ? undefined : name;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return path;
    throw error;
  }
}

/** RFC 6266, `filename` alone. */
function dispositionName(headers: ReadonlyMap<string, string>): string | undefined {
  const match = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))/i.exec(
    headers.get('content-disposition') ?? '',
  );
  return match?.[1]?.replace(/\\(.)/gs, '$1') ?? match?.[2];
}

function unnamed(url: string, destination: string): string {
  if (!destination.endsWith('/')) return UNNAMED;
  throw new WherryError(
    'INVALID_ARGUMENT',
    `ADD failed: cannot determine filename for source ${shownUrl(url)}`,
  );
}

function lastModified(headers: ReadonlyMap<string, string>): number {
  const time = Date.parse(headers.get('last-modified') ?? '');
  return Number.isNaN(time) ? 0 : Math.floor(time / 1000);
}

async function badAnswer(url: string, status: number, body: ByteSource): Promise<WherryError> {
  let text = '';
  for await (const chunk of body) {
    text += Buffer.from(chunk).toString('utf8');
    if (text.length >= SHOWN_BODY_BYTES) break;
  }
  return new WherryError(
    status === 404 || status === 410 ? 'FILE_NOT_FOUND' : 'UNREACHABLE',
    `ADD failed: failed to GET ${shownUrl(url)} with status ${status} ${STATUS_CODES[status] ?? ''}: ${text.slice(0, SHOWN_BODY_BYTES).trim()}`,
  );
}

/** Without what a URL may hold of secrets. */
function shownUrl(url: string): string {
  const parsed = new URL(url);
  if (parsed.username === '' && parsed.password === '') return url;
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}
