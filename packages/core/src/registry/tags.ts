import type { Reference } from '../reference.ts';
import { repositoryScope } from './auth.ts';
import { type Problem, pullError } from './docker-errors.ts';
import type { RegistryEndpoint } from './endpoints.ts';
import { readPagedList } from './paged-list.ts';
import type { RegistryHttp } from './registry-http.ts';

/** Lists a repository's tags. Throws `NAME_UNKNOWN`, and `REGISTRY_ERROR` for pages that lead astray. */
export function listTags(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  repo: Reference,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const list = {
    target: `${endpoint.repository}/tags/list`,
    field: 'tags',
    what: 'tag list',
    scopes: [repositoryScope(endpoint.repository, 'pull')],
    refused: (problem: Problem) => pullError(problem, repo, 'NAME_UNKNOWN'),
  };
  return readPagedList(http, endpoint, list, signal);
}
