import { type ImageSummary, parseReference, repositoryOf, type SearchResult } from '@wherry/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { EngineBackend } from '../backend.ts';
import { withRegistryStatus } from '../images/caller-registry.ts';
import { ImagesBefore, logImagePrune } from '../images/image-events.ts';
import { searchedServer } from '../images/searched-server.ts';
import { type Filters, readFilters } from '../wire/filters.ts';
import { bareId } from './full-names.ts';
import { coreFilters, readImageFilters } from './image-filters.ts';
import { libpodSummaryShape } from './image-shapes.ts';
import { LibpodQuery } from './libpod-query.ts';
import { callerVerbs } from './registry-access.ts';

const LIST_FILTERS = ['before', 'dangling', 'id', 'label', 'reference', 'since', 'until'];
const PRUNE_FILTERS = ['dangling', 'label', 'label!', 'until'];

type Backend = Pick<EngineBackend, 'images' | 'prune' | 'withCredentials'>;

/** What is asked of all images, or of none in particular. */
export function libpodImageRoutes(app: FastifyInstance, backend: Backend): void {
  app.get('/images/json', async (request) => listImages(backend, request));
  app.get('/images/search', async (request) => searchImages(backend, request));
  app.post('/images/prune', async (request) => pruneImages(app, backend, request));
}

async function listImages(backend: Backend, request: FastifyRequest): Promise<readonly object[]> {
  const query = new LibpodQuery(request);
  const filters = readImageFilters(query.text('filters'), LIST_FILTERS);
  const rows = await backend.images({
    all: query.flag('all'),
    filters: coreFilters(filters),
    takesUntil: true,
    labels: true,
    containers: true,
    manifests: true,
  });
  return rows.filter(({ id }) => hasId(filters, bareId(id))).map(libpodSummaryShape);
}

/** One beginning of an ID that holds is enough. */
function hasId(filters: Filters, id: string): boolean {
  const wanted = filters.get('id');
  return wanted === undefined || wanted.some((start) => id.startsWith(bareId(start)));
}

async function searchImages(backend: Backend, request: FastifyRequest): Promise<readonly object[]> {
  const query = new LibpodQuery(request);
  const term = query.text('term');
  const filters = readFilters(query.text('filters'));
  // Nothing is said of a limit by 0.
  const limit = query.integer('limit') || undefined;
  if (query.flag('listtags')) return await listTags(backend, request, term, limit);
  const index = searchedServer(term);
  const verbs = callerVerbs(backend, request, index);
  const results = await withRegistryStatus(403, () =>
    verbs.search({ term, filters: Object.fromEntries(filters), ...(limit && { limit }) }),
  );
  return results.map((result) => searchResultShape(index, result));
}

async function listTags(
  backend: Backend,
  request: FastifyRequest,
  term: string,
  limit: number | undefined,
): Promise<readonly object[]> {
  const repository = repositoryOf(parseReference(term));
  const { domain, path } = repository;
  const verbs = callerVerbs(backend, request, domain);
  const tags = await withRegistryStatus(403, () =>
    verbs.tags({ repository, sort: 'none', ...(limit && { limit }) }),
  );
  const found = { name: path, description: '', starCount: 0, isOfficial: false, isAutomated: false };
  return tags.map(({ tag }) => ({ ...searchResultShape(domain, found), Tag: tag }));
}

function searchResultShape(index: string, result: SearchResult) {
  const official = index === 'docker.io' && !result.name.includes('/') ? 'library/' : '';
  return {
    Index: index,
    Name: `${index}/${official}${result.name}`,
    Description: result.description,
    Stars: result.starCount,
    Official: result.isOfficial ? '[OK]' : '',
    Automated: result.isAutomated ? '[OK]' : '',
    Tag: '',
  };
}

async function pruneImages(
  app: FastifyInstance,
  backend: Backend,
  request: FastifyRequest,
): Promise<readonly object[]> {
  const query = new LibpodQuery(request);
  const filters = coreFilters(readImageFilters(query.text('filters'), PRUNE_FILTERS));
  const before = await ImagesBefore.of(backend);
  const sizes = new Map(
    (await backend.images({ all: true })).map(({ id, size }: ImageSummary) => [id, size] as const),
  );
  const { contentBytes, events } = await backend.prune({ all: query.flag('all'), filters });
  before.log(app.engineEvents, events);
  logImagePrune(app.engineEvents, contentBytes);
  return events.flatMap((event) => {
    const size = 'deleted' in event ? sizes.get(event.deleted) : undefined;
    return 'deleted' in event && size !== undefined ? [{ Id: bareId(event.deleted), Size: size }] : [];
  });
}
