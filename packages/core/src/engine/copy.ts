import type { ByteRange } from '../bytes/byte-range.ts';
import type { Digest } from '../digest.ts';
import type { ProgressEvent, VerbOptions } from '../events.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseManifest } from '../oci/manifest.ts';
import { isIndexType } from '../oci/media-types.ts';
import type { Platform } from '../platform.ts';
import { sameRepository } from '../reference.ts';
import type { PutBlobOutcome, RemoteDocument } from '../registry/registry-client.ts';
import { forEachLimited } from './limiter.ts';
import { type Companion, findCompanions } from './remote/companions.ts';
import { ContentReader } from './remote/copy-content.ts';
import type { CopyContent, CopySource, CopyTarget } from './remote/copy-ends.ts';
import type { CopyPlace } from './remote/copy-place.ts';
import { narrowed } from './remote/narrow.ts';
import { type OpenEndsDeps, openSource, openTarget } from './remote/open-ends.ts';
import { verifiedReads } from './remote/verified-reads.ts';

export interface CopyRequest {
  readonly source: CopyPlace;
  readonly target: CopyPlace;
  /** One: that manifest alone; several: an index of them. Absent, empty: all that the source's name points at. */
  readonly platforms?: readonly Platform[];
  /** Signatures, attestations and all else that refers to what is copied, too. */
  readonly referrers?: boolean;
}

export interface CopyResult {
  readonly target: CopyPlace;
  /** What is at the target now. */
  readonly descriptor: Descriptor;
}

/** One copy under way: what its steps share. */
interface Copy {
  readonly source: CopySource;
  readonly target: CopyTarget;
  readonly jobs: number;
  readonly emit: (event: ProgressEvent) => void;
  readonly signal: AbortSignal;
}

/**
 * Copies an image from one place to another, past the store: registries, layouts, archives. The bytes stay
 * what they are, and so do the digests; each blob is verified on its way, and what the target has, or can mount,
 * is not sent. The target's name is written last, when all else is there. Throws the registry's codes,
 * `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `PLATFORM_UNKNOWN`, `IMAGE_UNKNOWN`, `FILE_NOT_FOUND`,
 * `INVALID_ARCHIVE`, `NO_SPACE`, `CANCELLED`.
 */
export async function copy(
  deps: OpenEndsDeps,
  request: CopyRequest,
  options: VerbOptions = {},
): Promise<CopyResult> {
  const signal = options.signal ?? new AbortController().signal;
  await using source = await openSource(deps, request.source, signal);
  await using target = await openTarget(deps, request.target, signal);
  const emit = options.onProgress ?? (() => undefined);
  const jobs = Math.min(deps.jobs, target.maxJobs ?? Number.POSITIVE_INFINITY);
  const descriptor = await copyImage({ source, target, jobs, emit, signal }, request);
  return { target: request.target, descriptor };
}

/** Copies between ends that are open; returns what is at the target now. */
export async function copyImage(
  copying: Copy,
  request: Pick<CopyRequest, 'platforms' | 'referrers'>,
): Promise<Descriptor> {
  const { source, target, jobs, signal, emit } = copying;
  const [platform, ...others] = request.platforms ?? [];
  const whole = await source.root();
  const root = platform ? await narrowed(source, whole, [platform, ...others]) : whole;
  // Where it comes from all of it is, and so are its companions.
  if (source.repository && target.repository && sameRepository(source.repository, target.repository)) {
    target.begin({ root, documents: [root], blobs: [] });
    await target.publish(root);
    return root.descriptor;
  }
  const reader = new ContentReader(source, jobs, signal);
  const content = await reader.contentOf(root);
  target.begin(content);
  const warn = (message: string) => emit({ kind: 'warning', message });
  const companions = request.referrers
    ? await findCompanions({ source, reader, jobs, signal, warn }, content.documents)
    : [];
  await copyBlobs(copying, content, companions);
  await putDocuments(copying, content);
  if (companions.length > 0) await putCompanions(copying, root, companions);
  await target.publish(root);
  return root.descriptor;
}

/** Sends the blobs that the target has not got, largest first; several at once. */
async function copyBlobs(
  copying: Copy,
  content: CopyContent,
  companions: readonly Companion[],
): Promise<void> {
  const shown = layersOf(content);
  for (const digest of shown) copying.emit({ kind: 'layer', digest, phase: 'waiting' });
  const all = [content, ...companions.map((companion) => companion.content)].flatMap(({ blobs }) => blobs);
  const blobs = [...new Map(all.map((blob) => [blob.digest, blob])).values()];
  blobs.sort((a, b) => b.size - a.size);
  await forEachLimited(blobs, copying.jobs, copying.signal, (blob, signal) => {
    const emit = shown.has(blob.digest) ? copying.emit : () => undefined;
    return copyBlob({ ...copying, emit, signal }, blob);
  });
}

/** The layers of the images, which are what people are told of. */
function layersOf({ documents }: CopyContent): Set<Digest> {
  const manifests = documents.filter(({ descriptor }) => !isIndexType(descriptor.mediaType));
  return new Set(manifests.flatMap(({ bytes }) => parseManifest(bytes).layers.map(({ digest }) => digest)));
}

async function copyBlob({ source, target, emit, signal }: Copy, blob: Descriptor): Promise<void> {
  const { digest, size: total } = blob;
  const read = (range?: ByteRange) => source.blob(blob, range);
  const outcome = await target.putBlob(blob, target.verifiesBlobs ? read : verifiedReads(blob, read), {
    ...(source.repository && { mountFrom: [source.repository] }),
    onProgress: (current) => emit({ kind: 'layer', digest, phase: 'pushing', current, total }),
    signal,
  });
  emit({ kind: 'layer', digest, ...finalPhase(outcome) });
}

function finalPhase(outcome: PutBlobOutcome) {
  if (outcome.kind === 'mounted') return { phase: 'mounted', mountedFrom: outcome.from.path } as const;
  return { phase: outcome.kind === 'present' ? 'exists' : 'pushed' } as const;
}

/** Writes what the root leads to, indexes after what they name; the root itself is for later. */
async function putDocuments(
  { target, jobs, signal }: Pick<Copy, 'target' | 'jobs' | 'signal'>,
  { root, documents }: CopyContent,
): Promise<void> {
  const others = documents.filter(({ descriptor }) => descriptor.digest !== root.descriptor.digest);
  const isIndex = ({ descriptor }: RemoteDocument) => isIndexType(descriptor.mediaType);
  const manifests = others.filter((document) => !isIndex(document));
  await forEachLimited(manifests, jobs, signal, (document) => target.putDocument(document, 'content'));
  for (const index of others.filter(isIndex)) await target.putDocument(index, 'content');
}

/** Writes what refers to the image, which by then is there, though not under its name. */
async function putCompanions(
  copying: Copy,
  root: RemoteDocument,
  companions: readonly Companion[],
): Promise<void> {
  const { target } = copying;
  await target.putDocument(root, 'content');
  for (const { content, tag } of companions) {
    await putDocuments(copying, content);
    if (tag === undefined) await target.putDocument(content.root, 'referrer');
    else await target.putTag(tag, content.root);
  }
}
