import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { RemoteOptions } from '../../../build/build-deps.ts';
import { parseGitUrl } from '../../../build/context/git-url.ts';
import { fetchOrigin } from '../../../build/copy/add-remote.ts';
import type { CopyOrigin } from '../../../build/copy/copy-request.ts';
import { isWherryError, WherryError } from '../../../errors.ts';
import { type ContextDeps, directoryTree, gitDirectory } from './context-trees.ts';

/**
 * What an ADD takes from elsewhere; `undefined`: its source is a path. Throws what fetching throws, with Docker's text
 * for a URL that has no file.
 */
export async function remoteOrigin(
  source: string,
  { destination, checksum, keepsGitDirectory }: RemoteOptions,
  contexts: ContextDeps,
): Promise<CopyOrigin | undefined> {
  if (parseGitUrl(source) !== undefined) {
    const directory = await gitDirectory(source, `add-${randomUUID()}`, contexts, keepsGitDirectory);
    return { kind: 'context', tree: await directoryTree(directory, undefined, contexts), sources: ['/'] };
  }
  if (!/^https?:\/\//i.test(source)) return undefined;
  const { scratch, signal } = contexts;
  const { openDownload } = await import('../../../registry/download.ts');
  await mkdir(scratch, { recursive: true });
  await using transport = await contexts.openTransport();
  const file = { url: source, destination, ...(checksum !== undefined && { checksum }) };
  const fetch = async (url: string) => {
    try {
      return { status: 200, ...(await openDownload(transport, new URL(url), signal)) };
    } catch (error) {
      if (!isWherryError(error, 'FILE_NOT_FOUND', 'UNREACHABLE')) throw error;
      throw new WherryError(error.code, `ADD failed: ${error.message}`, { cause: error });
    }
  };
  return await fetchOrigin(file, { fetch, scratch }, signal);
}
