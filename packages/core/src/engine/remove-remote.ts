import type { Digest } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import {
  familiarName,
  familiarRepository,
  isTag,
  type Reference,
  repositoryOf,
  withDefaultTag,
  withDigest,
  withTag,
} from '../reference.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import type { RemovalEvent } from './engine.ts';
import { forEachLimited } from './limiter.ts';
import { getRemoteTarget } from './remote/remote-target.ts';

export interface RemoveRemoteRequest {
  /** A tag, or a digest for the manifest and every tag that points to it. */
  readonly ref: Reference;
  /** Deletes the manifest of a tag even if other tags go with it: some registries delete no tag alone. */
  readonly force?: boolean;
}

export interface RemoveRemoteDeps {
  readonly registry: Pick<RegistryClient, 'origin' | 'deleteManifest' | 'listTags'>;
  /** Tags asked for at once. */
  readonly jobs: number;
}

/** What no document has: asked to delete it, a registry tells whether it deletes anything. */
const NOTHING = `sha256:${'0'.repeat(64)}` as Digest;
const MAX_TAGS = 1_000_000;
const SHOWN_TAGS = 10;

/**
 * Deletes a tag in its registry, or, by digest, a manifest. Where a registry deletes manifests alone, so does
 * this, if no other tag goes with it or `force` is set. Throws `MANIFEST_UNKNOWN`, `CONFLICT` with the other
 * tags, `UNSUPPORTED` where deletion is disabled, the registry's codes. OCI distribution-spec v1.1, "Deleting tags".
 */
export async function removeRemote(
  deps: RemoveRemoteDeps,
  request: RemoveRemoteRequest,
  options: VerbOptions = {},
): Promise<RemovalEvent[]> {
  const { registry } = deps;
  const { signal } = options;
  const ref = withDefaultTag(request.ref);
  if (ref.tag !== undefined && ref.digest !== undefined)
    throw new WherryError('INVALID_ARGUMENT', `${familiarName(ref)} has both a tag and a digest`, {
      hint: 'name the tag to delete it alone, or the digest for the manifest with all its tags',
    });
  if (ref.digest !== undefined) return [await deleteDigest(deps, withDigest(ref, ref.digest), signal)];
  const { digest } = await getRemoteTarget(registry.origin, ref, signal);
  const outcome = await registry.deleteManifest(ref, signal);
  if (outcome !== 'unsupported') return [{ untagged: familiarName(ref) }];
  if ((await registry.deleteManifest(withDigest(ref, NOTHING), signal)) === 'unsupported')
    throw deletionDisabled(ref);
  const others = await otherTags(deps, ref, digest, signal);
  if (others.length > 0 && !request.force) throw tagsInTheWay(ref, digest, others);
  const deleted = await deleteDigest(deps, withDigest(ref, digest), signal);
  const untagged = [ref, ...others.map((tag) => withTag(ref, tag))];
  return [...untagged.map((name) => ({ untagged: familiarName(name) })), deleted];
}

async function deleteDigest(
  { registry }: RemoveRemoteDeps,
  ref: Reference & { readonly digest?: Digest },
  signal: AbortSignal | undefined,
): Promise<RemovalEvent> {
  const outcome = await registry.deleteManifest(ref, signal);
  if (outcome === 'unsupported') throw deletionDisabled(ref);
  if (outcome === 'missing' || ref.digest === undefined)
    throw new WherryError(
      'MANIFEST_UNKNOWN',
      `manifest for ${familiarName(ref)} not found: manifest unknown: manifest unknown`,
    );
  return { deleted: ref.digest };
}

/** The tags besides `ref` that point to `digest`. */
async function otherTags(
  { registry, jobs }: RemoveRemoteDeps,
  ref: Reference,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const tags: string[] = [];
  for await (const tag of registry.listTags(repositoryOf(ref), signal)) {
    // Such a name may hold a path or an escape sequence, and no tag is called so.
    if (isTag(tag) && tag !== ref.tag) tags.push(tag);
    if (tags.length > MAX_TAGS)
      throw new WherryError('TOO_LARGE', `${familiarRepository(ref)} has more than ${MAX_TAGS} tags`);
  }
  const found = new Set<string>();
  await forEachLimited(tags, jobs, signal, async (tag, one) => {
    const target = await registry.origin.headManifest(withTag(ref, tag), one);
    if (target?.digest === digest) found.add(tag);
  });
  return tags.filter((tag) => found.has(tag));
}

function tagsInTheWay(ref: Reference, digest: Digest, others: readonly string[]): WherryError {
  const shown = others.slice(0, SHOWN_TAGS).join(', ');
  const more = others.length > SHOWN_TAGS ? ` and ${others.length - SHOWN_TAGS} more` : '';
  return new WherryError(
    'CONFLICT',
    `conflict: unable to delete ${familiarName(ref)} (must be forced) - ${ref.domain} deletes no tag alone, and its manifest has other tags: ${shown}${more}`,
    { hint: 'with --force they are deleted with it', details: { digest, tags: others } },
  );
}

function deletionDisabled(ref: Reference): WherryError {
  return new WherryError(
    'UNSUPPORTED',
    `unable to delete ${familiarName(ref)}: ${ref.domain} does not allow deletion`,
    {
      hint: 'its operator can: for the registry of Docker by REGISTRY_STORAGE_DELETE_ENABLED=true',
    },
  );
}
