import type { ByteSource } from '../bytes/byte-source.ts';
import type { Digest } from '../digest.ts';
import { parseImageConfig } from '../oci/image-config.ts';
import { INDEX_FILE, layoutBlobPath } from '../oci/layout.ts';
import { type ArchiveMembers, findMember, invalidArchive } from './archive-members.ts';
import { type ArchiveContent, readArchiveMembers } from './archive-reader.ts';
import { digestOfBytes } from './build-image.ts';
import { MANIFEST_FILE, readManifestFile } from './docker-archive-plan.ts';
import { readLayout } from './layout-plan.ts';
import { requireDocument } from './planned-image.ts';

const NO_DIGEST = digestOfBytes(new Uint8Array(0));

/**
 * The layers of all images in an archive, by the images' configs; layers themselves are passed over. Throws
 * `INVALID_ARCHIVE`, also for one so old that its configs do not tell, `INVALID_DOCUMENT`, `CANCELLED`, and what
 * the tar reader throws.
 */
export async function readArchiveDiffIDs(source: ByteSource, signal?: AbortSignal): Promise<Set<Digest>> {
  const members = await readArchiveMembers(source, passOver, signal);
  const configs = findMember(members, MANIFEST_FILE)
    ? readManifestFile(members).map(({ config }) => config)
    : layoutConfigs(members);
  return new Set(configs.flatMap((path) => parseImageConfig(requireDocument(members, path)).rootfs.diff_ids));
}

function layoutConfigs(members: ArchiveMembers): string[] {
  if (findMember(members, INDEX_FILE))
    return readLayout(members).entries.flatMap(({ manifests }) =>
      manifests.map(({ config }) => layoutBlobPath(config.digest)),
    );
  throw invalidArchive(
    'it does not tell the layers of its images: it has neither manifest.json nor index.json',
    'load it, and give the name of the image instead',
  );
}

function passOver({ digest = NO_DIGEST, size }: ArchiveContent) {
  return { drained: Promise.resolve(), stored: Promise.resolve({ digest, size }) };
}
