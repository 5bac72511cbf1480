import { createReadStream, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { IgnoreMatcher } from '@wherry/dockerfile';
import type { BuildEvent } from '../../../build/build-event.ts';
import { type ArchiveContext, openArchiveContext } from '../../../build/context/archive-context.ts';
import { detectContextInput } from '../../../build/context/detect-input.ts';
import { openDirectoryContext } from '../../../build/context/directory-context.ts';
import { cloneGitContext } from '../../../build/context/git.ts';
import { parseGitUrl } from '../../../build/context/git-url.ts';
import { heredocOrigin } from '../../../build/copy/memory-source.ts';
import type { SourceTree } from '../../../build/source-tree.ts';
import type { ByteSource } from '../../../bytes/byte-source.ts';
import { collect } from '../../../bytes/collect.ts';
import { WherryError } from '../../../errors.ts';
import type { Transport } from '../../../registry/transport.ts';

/** What a Dockerfile may come to. */
export const MAX_DOCKERFILE_BYTES = 16 << 20;

/** What opens the contexts of one build. */
export interface ContextDeps {
  /** A directory of this build alone. */
  readonly scratch: string;
  /** Where digests of files are kept from one build to the next. */
  readonly cacheDirectory: string;
  readonly openTransport: () => Promise<Transport & AsyncDisposable>;
  readonly emit: (event: BuildEvent) => void;
  /** Told, while a directory is looked through, that there are thousands of files in it. */
  readonly onManyFiles?: (() => void) | undefined;
  readonly signal: AbortSignal;
}

/** A stream that was a Dockerfile, or an archive. */
export type StreamContext =
  | { readonly kind: 'archive'; readonly archive: ArchiveContext }
  | { readonly kind: 'dockerfile'; readonly text: Uint8Array; readonly tree: SourceTree };

/** The files of a directory on disk, but those that are ignored. */
export function directoryTree(
  directory: string,
  ignore: IgnoreMatcher | undefined,
  { cacheDirectory, emit, onManyFiles, signal }: ContextDeps,
): Promise<SourceTree> {
  return openDirectoryContext(directory, {
    cacheDirectory,
    onWarning: (message) => emit({ kind: 'build-warning', message }),
    ...(ignore && { ignore }),
    ...{ onManyFiles, signal },
  });
}

/** Fetches a repository; the directory that is the context. Throws `INVALID_ARGUMENT`, and what cloning throws. */
export async function gitDirectory(
  url: string,
  name: string,
  { scratch, signal }: ContextDeps,
  keepGitDirectory = false,
): Promise<string> {
  const source = parseGitUrl(url);
  if (source === undefined) throw new WherryError('INVALID_ARGUMENT', `${url} is no git repository`);
  const options = { signal, ...(keepGitDirectory && { keepGitDirectory }) };
  return (await cloneGitContext(source, join(scratch, name), options)).directory;
}

/** Takes what comes for an archive, packed or not, or else for a Dockerfile that stands alone. */
export async function streamContext(
  stream: ByteSource,
  { scratch, signal }: ContextDeps,
): Promise<StreamContext> {
  const { kind, source } = await detectContextInput(stream);
  if (kind === 'archive') {
    const archive = await openArchiveContext(source, { scratchDirectory: scratch, signal });
    return { kind, archive };
  }
  const text = await collect(source, MAX_DOCKERFILE_BYTES);
  const content = new TextDecoder().decode(text);
  return { kind, text, tree: heredocOrigin([{ name: 'Dockerfile', content }]).tree };
}

/** The same of what a URL has. Throws what a download throws. */
export async function urlContext(url: string, deps: ContextDeps): Promise<StreamContext> {
  const { openDownload } = await import('../../../registry/download.ts');
  await using transport = await deps.openTransport();
  await using download = await openDownload(transport, new URL(url), deps.signal);
  const { total } = download;
  return await streamContext(
    counted(download.body, (current) =>
      deps.emit({ kind: 'build-download', url, current, ...(total !== undefined && { total }) }),
    ),
    deps,
  );
}

/** The bytes of a file of a context. */
export async function fileBytes(path: string): Promise<Uint8Array> {
  const stats = statSync(path);
  // Streams take milliseconds to load; of what is no file nobody knows how long it keeps the thread.
  if (stats.isFile() && stats.size <= MAX_DOCKERFILE_BYTES) return readFileSync(path);
  return await collect(createReadStream(path), MAX_DOCKERFILE_BYTES);
}

async function* counted(source: ByteSource, report: (bytes: number) => void): ByteSource {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    report(bytes);
    yield chunk;
  }
}
