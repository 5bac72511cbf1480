import type { Descriptor } from '../oci/descriptor.ts';
import { documentChildren } from '../oci/index-document.ts';
import { INDEX_FILE } from '../oci/layout.ts';
import { isIndexType, isManifestType } from '../oci/media-types.ts';
import { type ArchiveMembers, findMember, invalidArchive } from './archive-members.ts';
import { MANIFEST_FILE, planDockerArchive } from './docker-archive-plan.ts';
import { planLayout, readLayout } from './layout-plan.ts';
import { planLegacyArchive, REPOSITORIES_FILE } from './legacy-archive-plan.ts';
import { type ArchivePlan, findDocument, type PlanOptions } from './planned-image.ts';

const MAX_INDEX_DEPTH = 8;

/**
 * Finds out which images an archive holds: `docker save`'s of any age (`manifest.json`, or `repositories`
 * alone), OCI layouts, and both in one. Throws `INVALID_ARCHIVE`, `INVALID_DOCUMENT`, `INVALID_REFERENCE`,
 * `DIFF_ID_MISMATCH`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`, with Docker's messages where Docker has them.
 */
export function planArchive(members: ArchiveMembers, options: PlanOptions = {}): ArchivePlan {
  const plan = withContent(members, planImages(members, options));
  if (plan.images.length > 0) return plan;
  throw invalidArchive('the archive holds no image', plan.warnings[0]);
}

function planImages(members: ArchiveMembers, options: PlanOptions): ArchivePlan {
  const layout = findMember(members, INDEX_FILE) ? readLayout(members) : undefined;
  if (findMember(members, MANIFEST_FILE)) return planDockerArchive(members, options, layout);
  if (layout) return planLayout(layout);
  if (findMember(members, REPOSITORIES_FILE)) return planLegacyArchive(members, options);
  throw invalidArchive(
    'not an image archive: it has neither manifest.json, index.json nor repositories',
    'to make an image of a root file system, use: wherry import',
  );
}

/** Adds the documents that the targets lead to, each verified. */
function withContent(members: ArchiveMembers, plan: ArchivePlan): ArchivePlan {
  const documents = new Map(plan.documents.map((document) => [document.descriptor.digest, document]));
  const visited = new Set<string>();
  const visit = (descriptor: Descriptor, depth: number) => {
    if (visited.has(descriptor.digest)) return;
    visited.add(descriptor.digest);
    const document = documents.get(descriptor.digest) ?? findDocument(members, descriptor);
    if (document === undefined) return;
    documents.set(descriptor.digest, document);
    if (!isIndexType(descriptor.mediaType) && !isManifestType(descriptor.mediaType)) return;
    if (depth > MAX_INDEX_DEPTH)
      throw invalidArchive(`indexes are nested deeper than ${MAX_INDEX_DEPTH} levels`);
    for (const child of documentChildren(descriptor.mediaType, document.bytes)) visit(child, depth + 1);
  };
  for (const { target } of plan.images) visit(target, 0);
  return { ...plan, documents: [...documents.values()] };
}
