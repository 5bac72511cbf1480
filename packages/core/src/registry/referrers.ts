import { collect } from '../bytes/collect.ts';
import { type Digest, digestAlgorithm, digestHex } from '../digest.ts';
import { isWherryError, WherryError } from '../errors.ts';
import { type Descriptor, descriptorToJson } from '../oci/descriptor.ts';
import { type Index, parseIndex } from '../oci/index-document.ts';
import { readJsonObject, writeJson } from '../oci/json.ts';
import { type Manifest, parseManifest } from '../oci/manifest.ts';
import { isIndexType, MEDIA_TYPES } from '../oci/media-types.ts';
import { familiarName, type Reference, withTag } from '../reference.ts';
import { repositoryScope } from './auth.ts';
import { pullError, readProblem } from './docker-errors.ts';
import type { RegistryEndpoint } from './endpoints.ts';
import { fetchManifest, MAX_MANIFEST_BYTES, pushManifest } from './manifests.ts';
import { PageTrail } from './paged-list.ts';
import type { RemoteDocument } from './registry-client.ts';
import type { RegistryHttp } from './registry-http.ts';

/** More than any image has, and no burden for memory. */
const MAX_REFERRERS = 10_000;
/** What registries without the API answer, or those before them that know no such path. */
const WITHOUT_API: ReadonlySet<number> = new Set([400, 404, 405, 406, 501]);
const TAG_ALGORITHM_CHARACTERS = 32;
const TAG_HEX_CHARACTERS = 64;

/** The tag that lists a manifest's referrers where the registry does not. OCI distribution-spec v1.1, "Referrers Tag Schema". */
export function referrersTag(subject: Digest): string {
  const algorithm = digestAlgorithm(subject).slice(0, TAG_ALGORITHM_CHARACTERS);
  return `${algorithm}-${digestHex(subject).slice(0, TAG_HEX_CHARACTERS)}`;
}

/** Lists what refers to a manifest: by the API, or by the fallback tag. Throws `TOO_LARGE`, `REGISTRY_ERROR`. */
export async function listReferrers(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  { repo, subject }: { readonly repo: Reference; readonly subject: Digest },
  signal?: AbortSignal,
): Promise<Descriptor[]> {
  const trail = new PageTrail(http, endpoint, 'list of referrers');
  const found = new Map<Digest, Descriptor>();
  const first = `${endpoint.repository}/referrers/${subject}`;
  for (let target: string | URL | undefined = first; target !== undefined; ) {
    const page: Page | undefined = await fetchPage(http, endpoint, { repo, target, trail }, signal);
    if (page === undefined) {
      const tagged = await fallbackIndex(http, endpoint, withTag(repo, referrersTag(subject)), signal);
      return tagged === undefined || !isIndexType(tagged.descriptor.mediaType)
        ? []
        : [...parseIndex(tagged.bytes).manifests];
    }
    for (const descriptor of page.referrers) found.set(descriptor.digest, descriptor);
    if (found.size > MAX_REFERRERS)
      throw new WherryError('TOO_LARGE', `${subject} has more than ${MAX_REFERRERS} referrers`);
    target = page.next;
  }
  return [...found.values()];
}

interface Page {
  readonly referrers: readonly Descriptor[];
  readonly next: URL | undefined;
}

/** One page of the list; `undefined` when the registry has no such API. */
async function fetchPage(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  at: { readonly repo: Reference; readonly target: string | URL; readonly trail: PageTrail },
  signal?: AbortSignal,
): Promise<Page | undefined> {
  const response = await http.send(endpoint, {
    method: 'GET',
    target: at.target,
    headers: { accept: MEDIA_TYPES.ociIndex },
    scopes: [repositoryScope(endpoint.repository, 'pull')],
    repeatable: true,
    toldAs: 'GET',
    signal,
  });
  if (response.status !== 200) {
    const problem = await readProblem(response);
    if (WITHOUT_API.has(problem.status)) return undefined;
    throw pullError(problem, at.repo, 'NAME_UNKNOWN');
  }
  await using open = response;
  // A registry's web page answers any path with 200.
  const type = open.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== MEDIA_TYPES.ociIndex) return undefined;
  const { manifests } = parseIndex(await collect(open.body, MAX_MANIFEST_BYTES, 'list of referrers'));
  return { referrers: manifests, next: at.trail.next(open.headers, at.target) };
}

/** Stores a manifest that has a subject, and sees to it that it is listed. */
export async function pushReferrer(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  {
    repo,
    bytes,
    mediaType,
  }: { readonly repo: Reference; readonly bytes: Uint8Array; readonly mediaType: string },
  signal?: AbortSignal,
): Promise<Descriptor> {
  const document = isIndexType(mediaType) ? parseIndex(bytes) : parseManifest(bytes);
  const { subject } = document;
  const stored = await pushManifest(http, endpoint, repo, bytes, mediaType, signal);
  if (subject !== undefined && !stored.isSubjectNoted) {
    const entry = { ...stored.descriptor, ...listedFields(document) };
    await addToFallback(http, endpoint, withTag(repo, referrersTag(subject.digest)), entry, signal);
  }
  return stored.descriptor;
}

/** What a list of referrers tells of each. OCI distribution-spec v1.1, "Listing Referrers". */
function listedFields(document: Manifest | Index): Pick<Descriptor, 'artifactType' | 'annotations'> {
  const artifactType =
    document.artifactType ?? ('config' in document ? document.config.mediaType : undefined);
  const { annotations } = document;
  return { ...(artifactType !== undefined && { artifactType }), ...(annotations && { annotations }) };
}

async function addToFallback(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  ref: Reference,
  entry: Descriptor,
  signal?: AbortSignal,
): Promise<void> {
  const before = await fallbackIndex(http, endpoint, ref, signal);
  if (before !== undefined && !isIndexType(before.descriptor.mediaType))
    throw new WherryError(
      'INVALID_DOCUMENT',
      `${familiarName(ref)} should list referrers, but is ${before.descriptor.mediaType}`,
      { hint: 'the tag is in the way: give the image at it another one' },
    );
  // Others' entries keep every field, those we do not know too.
  const known = before === undefined ? {} : readJsonObject(before.bytes, 'list of referrers');
  const listed = before === undefined ? [] : parseIndex(before.bytes).manifests;
  if (listed.some(({ digest }) => digest === entry.digest)) return;
  const manifests = [...(Array.isArray(known.manifests) ? known.manifests : []), descriptorToJson(entry)];
  const mediaType = before?.descriptor.mediaType ?? MEDIA_TYPES.ociIndex;
  const index = writeJson({ schemaVersion: 2, mediaType, ...known, manifests });
  await pushManifest(http, endpoint, ref, index, mediaType, signal);
}

/** What is at a fallback tag; `undefined` when nothing is. */
async function fallbackIndex(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  ref: Reference,
  signal?: AbortSignal,
): Promise<RemoteDocument | undefined> {
  try {
    return await fetchManifest(http, endpoint, ref, signal);
  } catch (error) {
    if (isWherryError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN')) return undefined;
    throw error;
  }
}
