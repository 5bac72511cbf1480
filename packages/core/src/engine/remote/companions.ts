import { type Digest, digestAlgorithm, digestHex } from '../../digest.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isIndexType, isManifestType } from '../../oci/media-types.ts';
import type { RemoteDocument } from '../../registry/registry-client.ts';
import { forEachLimited } from '../limiter.ts';
import type { ContentReader } from './copy-content.ts';
import type { CopyContent, CopySource } from './copy-ends.ts';

/** What cosign puts beside an image, before its version 3. */
const COSIGN_SUFFIXES = ['sig', 'att', 'sbom'];
/** A signature of a list of parts of a signature: nobody goes further. */
const MAX_DEPTH = 4;

/** A signature, an attestation or the like, with what it leads to. */
export interface Companion {
  readonly content: CopyContent;
  /** Where it is looked for; absent: it is found by its subject. */
  readonly tag?: string;
}

export interface CompanionSearch {
  readonly source: CopySource;
  readonly reader: ContentReader;
  readonly jobs: number;
  readonly signal: AbortSignal;
  /** Is told of what is left out. */
  readonly warn: (message: string) => void;
}

/**
 * Finds what refers to some manifests, and what refers to that: by the registry's list or the fallback tag,
 * and at the tags that cosign uses. Each once, subjects before what refers to them.
 */
export async function findCompanions(
  search: CompanionSearch,
  documents: readonly RemoteDocument[],
): Promise<Companion[]> {
  const seen = new Set<Digest>(documents.map(({ descriptor }) => descriptor.digest));
  const found: Companion[] = [];
  let subjects = [...seen];
  for (let depth = 0; depth < MAX_DEPTH && subjects.length > 0; depth++) {
    const next: Companion[] = [];
    for (const companion of await companionsOf(search, subjects)) {
      const { digest } = companion.content.root.descriptor;
      if (seen.has(digest) && companion.tag === undefined) continue;
      seen.add(digest);
      next.push(companion);
    }
    found.push(...next);
    subjects = next.map(({ content }) => content.root.descriptor.digest);
  }
  return found;
}

async function companionsOf(search: CompanionSearch, subjects: readonly Digest[]): Promise<Companion[]> {
  const { source, reader, jobs, signal } = search;
  const found = new Map<Digest, Companion[]>();
  await forEachLimited(subjects, jobs, signal, async (subject) => {
    const listed: Companion[] = [];
    for (const descriptor of await source.referrers(subject)) {
      const content = await referrerContent(search, descriptor);
      if (content) listed.push({ content });
    }
    for (const suffix of COSIGN_SUFFIXES) {
      const tag = `${digestAlgorithm(subject)}-${digestHex(subject)}.${suffix}`;
      const document = await source.tagged(tag);
      if (document) listed.push({ content: await reader.contentOf(reader.admit(document)), tag });
    }
    found.set(subject, listed);
  });
  return subjects.flatMap((subject) => found.get(subject) ?? []);
}

async function referrerContent(
  { reader, warn }: CompanionSearch,
  descriptor: Descriptor,
): Promise<CopyContent | undefined> {
  const { mediaType, digest } = descriptor;
  if (isIndexType(mediaType) || isManifestType(mediaType))
    return reader.contentOf(await reader.document(descriptor));
  warn(`referrer ${digest} (${mediaType}) is neither a manifest nor an index: left out`);
  return undefined;
}
