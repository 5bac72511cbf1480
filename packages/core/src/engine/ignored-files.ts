import { relative } from 'node:path';
import { findDockerfile, resolveContextDirectory } from '../build/context/find-dockerfile.ts';
import { readIgnoreRules } from '../build/context/ignore-rules.ts';
import { decideIgnored, type IgnoreDecision, listIgnored } from '../build/context/ignored.ts';
import { walkDirectory } from '../build/context/walk-directory.ts';
import type { VerbOptions } from '../events.ts';
import type { IgnoredFile, IgnoredFilesRequest } from './build-request.ts';

/**
 * Lists what the ignore file of a build keeps out of its context, in the order of the paths; what is in a directory
 * that is out as a whole is not listed. Asked for one path, it tells of that path alone, in or out. Throws
 * `INVALID_ARGUMENT` for a bad pattern and a path that leads out of the context, `FILE_NOT_FOUND`.
 */
export async function ignoredFiles(
  request: IgnoredFilesRequest,
  { signal }: VerbOptions = {},
): Promise<IgnoredFile[]> {
  const root = await resolveContextDirectory(request.context);
  const { path: dockerfile } = await findDockerfile(root, request.dockerfile);
  const rules = await readIgnoreRules(root, dockerfile);
  if (rules === undefined)
    return request.path === undefined ? [] : [{ path: request.path, isIgnored: false }];
  if (request.path !== undefined) return [toIgnoredFile(decideIgnored(rules, request.path), root)];
  const walked = await walkDirectory(root, { ...(signal && { signal }) });
  return [...listIgnored(rules, walked.root)].map((decision) => toIgnoredFile(decision, root));
}

function toIgnoredFile({ path, isExcluded, rule }: IgnoreDecision, root: string): IgnoredFile {
  if (rule === undefined) return { path, isIgnored: isExcluded };
  const file = relative(root, rule.file);
  // That of a Dockerfile may lie elsewhere.
  return { path, isIgnored: isExcluded, rule: file.startsWith('..') ? rule : { ...rule, file } };
}
