import { collect } from '../bytes/collect.ts';
import { isWherryError, WherryError } from '../errors.ts';
import { arrayAt, endsEarly, objectAt, optionalStringAt, readJsonObject, stringAt } from '../oci/json.ts';
import { type Problem, problemError, readProblem } from './docker-errors.ts';
import { isHubIndex, type RegistryEndpoint } from './endpoints.ts';
import { readPagedList } from './paged-list.ts';
import type { SearchQuery, SearchResult } from './registry-client.ts';
import type { RegistryHttp } from './registry-http.ts';
import type { HttpResponse } from './transport.ts';

/** Far above what a hundred results take. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** More than anybody asks for: a registry may not know of limits. */
const MAX_RESULTS = 10_000;
const DOCKER_HUB = 'docker.io';
const UNDECODABLE = 'error decoding registry search results';

/**
 * Searches one endpoint by the v1 protocol, `GET /v1/search?q=&n=`. An origin that has none is searched by
 * its list of repositories; a mirror is not, because its list is what it happens to hold. MOBY
 * `daemon/pkg/registry/search.go`.
 */
export async function search(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  query: SearchQuery,
  signal?: AbortSignal,
): Promise<SearchResult[]> {
  const response = await askIndex(http, endpoint, query, signal);
  if (response.status === 404 && endpoint.role === 'origin' && !isHubIndex(endpoint)) {
    await response[Symbol.asyncDispose]();
    return searchCatalog(http, endpoint, query, signal);
  }
  if (response.status !== 200) throw unexpected(await readProblem(response));
  return (await readResults(response)).slice(0, query.limit).flatMap((result) => {
    const name = nameHere(result.name, endpoint);
    return name === undefined ? [] : { ...result, name };
  });
}

async function askIndex(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  { term, limit }: SearchQuery,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  const target = `/v1/search?${new URLSearchParams({ q: term, n: String(limit) })}`;
  try {
    return await http.send(endpoint, {
      method: 'GET',
      target,
      // Docker sends the second one to every index.
      headers: { accept: 'application/json', 'x-docker-token': 'true' },
      scopes: ['registry:catalog:search'],
      basicUnasked: true,
      repeatable: true,
      toldAs: 'GET',
      signal,
    });
  } catch (error) {
    if (!isWherryError(error, 'UNREACHABLE', 'TLS_FAILED')) throw error;
    throw retold(error, endpoint, new URL(target, http.knownUrl(endpoint)));
  }
}

/** Docker names the search itself, except where it looks for the scheme before. */
function retold(error: WherryError, endpoint: RegistryEndpoint, url: URL): WherryError {
  const said = isWherryError(error.cause) ? error.cause.message : error.message;
  const { port, host } = url;
  // Behind one port there is one server: what it refuses to one scheme it refuses to the other.
  const anyScheme = endpoint.insecure && !endpoint.fixedScheme && port !== '';
  const message =
    anyScheme && error.details.reason === 'refused'
      ? `invalid registry endpoint "http://${host}/v1/". HTTPS attempt: Get "https://${host}/v1/_ping": ${said}. HTTP attempt: Get "http://${host}/v1/_ping": ${said}`
      : `Get "${url.href}": ${said}`;
  return new WherryError(error.code, message, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    details: error.details,
    cause: error,
  });
}

async function searchCatalog(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  { domain, term, limit }: SearchQuery,
  signal: AbortSignal | undefined,
): Promise<SearchResult[]> {
  const found: SearchResult[] = [];
  const list = {
    // Without `n`: some registries refuse pages that are larger than theirs.
    target: '_catalog',
    field: 'repositories',
    what: 'list of repositories',
    scopes: ['registry:catalog:*'],
    refused: (problem: Problem) => catalogRefused(problem, endpoint),
  };
  for await (const listed of readPagedList(http, endpoint, list, signal)) {
    const name = nameHere(listed, endpoint);
    if (name === undefined || !name.includes(term)) continue;
    // Docker Hub's search leaves the namespace of its official images out.
    const shown = domain === DOCKER_HUB ? name.replace(/^library\//, '') : name;
    found.push({ name: shown, description: '', starCount: 0, isOfficial: false, isAutomated: false });
    if (found.length >= limit) break;
  }
  return found;
}

/** A name of the endpoint as the searched registry has it; `undefined`: it has no such name. */
function nameHere(name: string, { repository }: RegistryEndpoint): string | undefined {
  if (repository === '') return name;
  return name.startsWith(`${repository}/`) ? name.slice(repository.length + 1) : undefined;
}

async function readResults(response: HttpResponse): Promise<SearchResult[]> {
  await using open = response;
  const bytes = await answerBytes(open);
  try {
    const { results } = readJsonObject(bytes, 'answer');
    return arrayAt(results, 'answer.results', MAX_RESULTS).map(resultAt);
  } catch (cause) {
    if (!isWherryError(cause, 'INVALID_DOCUMENT')) throw cause;
    const text = new TextDecoder().decode(bytes);
    const html = /^\s*</.test(text);
    const fault = html
      ? "invalid character '<' looking for beginning of value"
      : endsEarly(text)
        ? 'unexpected EOF'
        : cause.message;
    throw new WherryError('REGISTRY_ERROR', `${UNDECODABLE}: ${fault}`, {
      ...(html ? { hint: 'check the address: a proxy or a web site may have answered in its place' } : {}),
      cause,
    });
  }
}

async function answerBytes({ headers, body }: HttpResponse): Promise<Uint8Array> {
  const tooLarge = (cause?: unknown) =>
    new WherryError('TOO_LARGE', `${UNDECODABLE}: more than ${MAX_ANSWER_BYTES} bytes`, { cause });
  if (Number(headers.get('content-length') ?? 0) > MAX_ANSWER_BYTES) throw tooLarge();
  try {
    return await collect(body, MAX_ANSWER_BYTES);
  } catch (error) {
    throw isWherryError(error, 'TOO_LARGE') ? tooLarge(error) : error;
  }
}

function resultAt(value: unknown, index: number): SearchResult {
  const at = `answer.results[${index}]`;
  const result = objectAt(value, at);
  return {
    name: stringAt(result.name, `${at}.name`),
    description: optionalStringAt(result.description, `${at}.description`) ?? '',
    starCount: countAt(result.star_count, `${at}.star_count`),
    isOfficial: flagAt(result.is_official, `${at}.is_official`),
    isAutomated: flagAt(result.is_automated, `${at}.is_automated`),
  };
}

function countAt(value: unknown, at: string): number {
  const count = value ?? 0;
  if (typeof count === 'number' && Number.isSafeInteger(count)) return count;
  throw new WherryError('INVALID_DOCUMENT', `${at}: want a whole number`);
}

function flagAt(value: unknown, at: string): boolean {
  const flag = value ?? false;
  if (typeof flag === 'boolean') return flag;
  throw new WherryError('INVALID_DOCUMENT', `${at}: want true or false`);
}

/** Docker tells the status alone; what the registry says of it is worth reading. */
function unexpected(problem: Problem): WherryError {
  const { code, hint, details, message } = problemError(problem);
  const said = problem.entries.length > 0 ? `: ${message}` : '';
  return new WherryError(code, `Unexpected status code ${problem.status}${said}`, {
    ...(hint === undefined ? {} : { hint }),
    details,
  });
}

function catalogRefused(problem: Problem, { url }: RegistryEndpoint): WherryError {
  if (![404, 405, 501].includes(problem.status)) return unexpected(problem);
  return new WherryError('UNSUPPORTED', `Unexpected status code ${problem.status}`, {
    hint: `${url.host} has no search, and lists no repositories`,
    details: { status: problem.status },
  });
}
