import type { Digest } from '../digest.ts';
import { isWherryError, WherryError } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import {
  type ImageName,
  type ImageOutline,
  type MetadataStore,
  NOT_TAGGED_HERE,
} from '../metadata/metadata-store.ts';
import {
  familiarName,
  formatReference,
  type Reference,
  repositoryOf,
  sameRepository,
  withDefaultTag,
} from '../reference.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import { forEachLimited } from './limiter.ts';
import { getRemoteTarget, isSameTarget } from './remote/remote-target.ts';
import type { Store } from './store/store.ts';

export interface OutdatedRequest {
  /** Without a tag: `latest`. Absent: every tag in the store. */
  readonly names?: readonly Reference[];
}

/** A tag that points to something else in its registry. */
export interface OutdatedName {
  readonly ref: Reference;
  readonly here: Digest;
  readonly registry: Digest;
}

/** What kept names from being compared: told once for a registry, a repository or a tag. */
export interface RegistryFailure {
  readonly registry: string;
  readonly error: WherryError;
}

export interface OutdatedResult {
  /** In the order of the full names. */
  readonly outdated: readonly OutdatedName[];
  /** Names that no registry is known to have: loaded, imported or tagged here. */
  readonly madeHere: readonly Reference[];
  /**
   * One for each registry that gives no answer or wants a login, repository that is refused, and tag that
   * was pulled and is gone.
   */
  readonly failures: readonly RegistryFailure[];
}

export interface OutdatedDeps {
  readonly store: Store;
  readonly registry: Pick<RegistryClient, 'headManifest'>;
  /** Names asked for at once. */
  readonly jobs: number;
}

/**
 * Compares tags in the store with their registries, by a HEAD each, which no quota counts. A registry that
 * cannot be reached, or limits requests, is not asked for its other names. Throws `IMAGE_UNKNOWN` for a
 * name that is not here, `INVALID_ARGUMENT` for one with a digest, `CANCELLED`.
 */
export async function outdated(
  deps: OutdatedDeps,
  request: OutdatedRequest = {},
  options: VerbOptions = {},
): Promise<OutdatedResult> {
  const { metadata } = deps.store;
  const names = request.names ? request.names.map((ref) => tagHere(metadata, ref)) : allTags(metadata);
  const images = new Map(metadata.listImageOutlines().map((image) => [image.id, image]));
  const [known, unknown] = partition(names, (name) =>
    wasAtRegistry(metadata, name, images.get(name.imageId)),
  );
  const madeHere = unknown.map(({ ref }) => ref);
  const newer: OutdatedName[] = [];
  const failures = new Map<string, RegistryFailure>();
  const silent = new Set<string>();
  await forEachLimited(known, deps.jobs, options.signal, async (name, signal) => {
    const { ref, target } = name;
    if (silent.has(ref.domain)) return;
    try {
      const { digest } = await getRemoteTarget(deps.registry, ref, signal);
      if (!isSameTarget(name, images.get(name.imageId), digest))
        newer.push({ ref, here: target.digest, registry: digest });
    } catch (error) {
      if (!isWherryError(error) || error.kind === 'cancelled') throw error;
      if (isWherryError(error, 'UNREACHABLE', 'TLS_FAILED', 'RATE_LIMITED')) silent.add(ref.domain);
      if (isWherryError(error, 'MANIFEST_UNKNOWN') && !wasPulled(name)) madeHere.push(ref);
      else failures.set(subjectOf(ref, error), { registry: ref.domain, error });
    }
  });
  return {
    outdated: newer.sort((a, b) => compareRefs(a.ref, b.ref)),
    madeHere: madeHere.sort(compareRefs),
    failures: [...failures].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, failure]) => failure),
  };
}

function allTags(metadata: MetadataStore): ImageName[] {
  return metadata.listNames().filter(({ ref }) => ref.tag !== undefined);
}

function tagHere(metadata: MetadataStore, wanted: Reference): ImageName {
  if (wanted.digest !== undefined)
    throw new WherryError('INVALID_ARGUMENT', `${familiarName(wanted)}: a digest is never outdated`, {
      hint: 'give a name with a tag',
    });
  const ref = withDefaultTag(wanted);
  const name = metadata.findName(ref);
  if (name) return name;
  throw new WherryError('IMAGE_UNKNOWN', `No such image: ${familiarName(ref)}`, {
    hint: 'list what is here with: wherry images',
  });
}

/** Tells whether the repository is known to have, or to have had, what the name points to. */
function wasAtRegistry(metadata: MetadataStore, name: ImageName, image: ImageOutline | undefined): boolean {
  const digests = [name.target.digest, ...(image ? [image.manifest.digest] : [])];
  return digests.some((digest) =>
    metadata.blobLocations(digest).some((location) => sameRepository(location, name.ref)),
  );
}

/** A tag that was given here, to an image of the same repository, need not be in the registry. */
function wasPulled({ taggedAt }: ImageName): boolean {
  return taggedAt.getTime() === NOT_TAGGED_HERE.getTime();
}

/** What a failure is told of: all of a registry, a repository of it, or one tag. */
function subjectOf(ref: Reference, error: WherryError): string {
  if (error.kind === 'unavailable' || error.kind === 'unauthorized') return ref.domain;
  return error.kind === 'not-found' ? formatReference(ref) : formatReference(repositoryOf(ref));
}

function partition<T>(items: readonly T[], belongs: (item: T) => boolean): [yes: T[], no: T[]] {
  const groups = Map.groupBy(items, belongs);
  return [groups.get(true) ?? [], groups.get(false) ?? []];
}

function compareRefs(a: Reference, b: Reference): number {
  return formatReference(a) < formatReference(b) ? -1 : 1;
}
