import { type ImageSummary, type ImagesRequest, isWherryError } from '@wherry/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { EngineBackend } from '../backend.ts';
import { registryVerbs, withRegistryStatus } from '../images/caller-registry.ts';
import { ImagesBefore, logImagePrune, removalShape } from '../images/image-events.ts';
import { countsContainers, imageSummaryShape } from '../images/image-shapes.ts';
import { knowsManifests, manifestsShape } from '../images/manifest-shapes.ts';
import { searchedServer } from '../images/searched-server.ts';
import type { ApiVersion } from '../version.ts';
import { filterList, readFilters } from '../wire/filters.ts';
import { Query } from '../wire/query.ts';

const LIST_FILTERS = ['before', 'dangling', 'label', 'reference', 'since', 'until'];
const PRUNE_FILTERS = ['dangling', 'label', 'label!', 'until'];
/** Until here `shared-size` was not known. */
const SHARED_SIZE_MINOR = 42;

type Backend = Pick<
  EngineBackend,
  'containers' | 'imageTree' | 'images' | 'layerUsage' | 'prune' | 'withCredentials'
>;

/** What is asked of all images, or of none in particular. */
export function imageRoutes(app: FastifyInstance, backend: Backend): void {
  app.get('/images/json', async (request) => listImages(backend, request));
  app.get('/images/search', async (request) => searchImages(backend, request));
  app.post('/images/prune', async (request) => pruneImages(app, backend, request));
}

async function listImages(backend: Backend, request: FastifyRequest): Promise<readonly object[]> {
  const { apiVersion } = request;
  const query = new Query(request);
  const filters = readFilters(query.text('filters'), LIST_FILTERS);
  const wanted = { all: query.flag('all'), filters: filterList(filters), takesUntil: true };
  const rows = await orBadTime(() =>
    backend.images({
      ...wanted,
      labels: true,
      ...(countsContainers(apiVersion) && { containers: true }),
    }),
  );
  const withShared = query.flag('shared-size') && apiVersion.minor >= SHARED_SIZE_MINOR;
  const shared = withShared ? (await backend.layerUsage()).sharedBytes : undefined;
  const withManifests = query.flag('manifests') && knowsManifests(apiVersion);
  const manifestsOf = withManifests ? await readManifests(backend, wanted, apiVersion) : () => ({});
  return rows.map((row: ImageSummary) => ({
    ...imageSummaryShape(row, apiVersion, shared && (shared.get(row.id) ?? 0)),
    ...manifestsOf(row),
  }));
}

/** What tells of the manifests of each row: those that its names lead to, and of an image without a name its own. */
async function readManifests(
  backend: Backend,
  request: ImagesRequest,
  version: ApiVersion,
): Promise<(row: ImageSummary) => object> {
  const trees = await backend.imageTree({ ...request, all: true });
  const listed = await backend.containers.list({ all: true });
  const containers = Map.groupBy(
    listed.map(({ container }) => container),
    ({ imageId }) => imageId,
  );
  const byImage = new Map(trees.toReversed().map((tree) => [tree.id, tree]));
  return ({ id }) => {
    const tree = byImage.get(id);
    return tree ? manifestsShape(tree, containers, version) : {};
  };
}

async function searchImages(backend: Backend, request: FastifyRequest): Promise<readonly object[]> {
  const query = new Query(request);
  const term = query.text('term');
  const filters = readFilters(query.text('filters'));
  const limit = query.integer('limit');
  const verbs = registryVerbs(backend, request, searchedServer(term));
  const results = await withRegistryStatus(403, () =>
    verbs.search({ term, filters: Object.fromEntries(filters), ...(limit && { limit }) }),
  );
  return results.map(({ starCount, isOfficial, name, isAutomated, description }) => ({
    star_count: starCount,
    is_official: isOfficial,
    name,
    is_automated: isAutomated,
    description,
  }));
}

async function pruneImages(app: FastifyInstance, backend: Backend, request: FastifyRequest): Promise<object> {
  const filters = filterList(readFilters(new Query(request).text('filters'), PRUNE_FILTERS));
  const before = await ImagesBefore.of(backend);
  const { events, contentBytes } = await orBadTime(() => backend.prune({ filters }));
  before.log(app.engineEvents, events);
  logImagePrune(app.engineEvents, contentBytes);
  return { ImagesDeleted: events.length === 0 ? null : removalShape(events), SpaceReclaimed: contentBytes };
}

/** As Docker, for which a time that is none is a fault of its own. */
async function orBadTime<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isWherryError(error, 'INVALID_ARGUMENT') && error.details.time !== undefined)
      throw new ApiError(500, error.message);
    throw error;
  }
}
