import type { ByteSource } from '../bytes/byte-source.ts';
import { bytesOf } from '../bytes/from.ts';
import { NodeHasher } from '../bytes/node-hasher.ts';
import { verifyBlob } from '../bytes/verify.ts';
import { decompressAuto } from '../compression/decompress.ts';
import type { BlobReader } from '../content/blob-store.ts';
import { type Digest, digestHex } from '../digest.ts';
import { type Descriptor, descriptorToJson } from '../oci/descriptor.ts';
import { sortedByKey, writeJson } from '../oci/json.ts';
import {
  BLOBS_FOLDER,
  IMAGE_NAME_ANNOTATION,
  INDEX_FILE,
  LAYOUT_CONTENT,
  LAYOUT_FILE,
  layoutBlobPath,
  OMITTED_ANNOTATION,
  REF_NAME_ANNOTATION,
} from '../oci/layout.ts';
import { MEDIA_TYPES } from '../oci/media-types.ts';
import { familiarName, familiarRepository, formatReference, type Reference } from '../reference.ts';
import { type TarItem, writeTar } from '../tar/writer.ts';
import { makeManifest, type StoredDocument } from './build-image.ts';
import { MANIFEST_FILE } from './docker-archive-plan.ts';
import { REPOSITORIES_FILE } from './legacy-archive-plan.ts';

/** An image to be saved. */
export interface ArchiveImage {
  /** With tag; empty: the image is saved by its ID. */
  readonly names: readonly Reference[];
  readonly manifest: StoredDocument;
  readonly config: StoredDocument;
  /** Base first. */
  readonly layers: readonly ArchiveLayer[];
  /** The index that the names stand for, when all it names is there: then all of it is saved. */
  readonly index?: ArchiveIndex;
}

export interface ArchiveLayer {
  /** Of the blob. */
  readonly digest: Digest;
  readonly size: number;
  readonly diffID: Digest;
  /** Bytes of the uncompressed tar. */
  readonly tarSize: number;
  /** The archive names it and does not have it. */
  readonly isOmitted?: boolean;
}

export interface ArchiveIndex {
  readonly document: StoredDocument;
  /** Everything that the index leads to: manifests, attestations, configs, layers. */
  readonly contents: readonly Pick<ArchiveLayer, 'digest' | 'size' | 'isOmitted'>[];
}

export interface WriteArchiveOptions {
  /** Layers as plain tars, as old daemons wrote them, instead of the blobs; platforms are not kept then. */
  readonly uncompressed?: boolean;
  /** The layout alone, without what only Docker reads. */
  readonly isLayoutAlone?: boolean;
}

const DIRECTORY_MODE = 0o755;
const FILE_MODE = 0o644;

/**
 * Writes images as `docker save` does since version 25: an OCI layout with `manifest.json` and
 * `repositories` beside it, so that every `docker load`, and tools that read OCI or Docker archives, take it.
 * The same images give the same bytes; what is left out, `OMITTED_ANNOTATION` lists. A source throws `BLOB_UNKNOWN` for a blob that is gone, `SIZE_MISMATCH`,
 * `CORRUPT`. MOBY `image/tarexport/save.go`.
 */
export function writeDockerArchive(
  images: readonly ArchiveImage[],
  blobs: BlobReader,
  options: WriteArchiveOptions = {},
): ByteSource {
  const saved = images.map((image) =>
    options.uncompressed ? uncompressedImage(image, blobs) : asStored(image, blobs),
  );
  const files = new Map<string, ArchiveFile>();
  for (const image of saved) for (const [path, file] of image.files) files.set(path, file);
  const put = (path: string, bytes: Uint8Array) => files.set(path, inMemory(bytes));
  put(LAYOUT_FILE, new TextEncoder().encode(LAYOUT_CONTENT));
  put(INDEX_FILE, indexFile(saved));
  if (!options.isLayoutAlone) {
    put(MANIFEST_FILE, manifestFile(saved));
    const repositories = repositoriesFile(saved);
    if (repositories) put(REPOSITORIES_FILE, repositories);
  }
  return writeTar(tarItems(files));
}

interface ArchiveFile {
  readonly size: number;
  readonly read: () => ByteSource;
}

/** An image as the archive has it. */
interface SavedImage {
  readonly names: readonly Reference[];
  readonly config: Digest;
  readonly layers: readonly Digest[];
  /** What the archive's index names: an index or a manifest. */
  readonly target: Descriptor;
  readonly files: readonly (readonly [path: string, file: ArchiveFile])[];
  /** Blobs that are named and left out. */
  readonly omitted: readonly Digest[];
}

function asStored(image: ArchiveImage, blobs: BlobReader): SavedImage {
  const { names, manifest, config, layers, index } = image;
  const stored = ({ digest, size }: Pick<Descriptor, 'digest' | 'size'>) =>
    [layoutBlobPath(digest), { size, read: () => blobs.read(digest) }] as const;
  const blobsOf = [...layers, ...(index?.contents ?? [])];
  return {
    names,
    config: config.descriptor.digest,
    layers: layers.map((layer) => layer.digest),
    target: index?.document.descriptor ?? manifest.descriptor,
    files: [
      ...blobsOf.filter(isWritten).map(stored),
      ...[manifest, config, ...(index ? [index.document] : [])].map(documentFile),
    ],
    omitted: blobsOf.filter((blob) => !isWritten(blob)).map(({ digest }) => digest),
  };
}

function uncompressedImage(image: ArchiveImage, blobs: BlobReader): SavedImage {
  const { names, config, layers } = image;
  const descriptors = layers.map(({ diffID, tarSize }) => ({
    mediaType: MEDIA_TYPES.ociLayer,
    digest: diffID,
    size: tarSize,
  }));
  const { digest, size } = config.descriptor;
  const manifest = makeManifest({ mediaType: MEDIA_TYPES.ociConfig, digest, size }, descriptors);
  const tars = layers.filter(isWritten).map(({ digest: blob, diffID, tarSize }) => {
    const expected = { digest: diffID, size: tarSize };
    const read = () => verifyBlob(decompressAuto(blobs.read(blob)), expected, new NodeHasher());
    return [layoutBlobPath(diffID), { size: tarSize, read }] as const;
  });
  return {
    names,
    config: digest,
    layers: descriptors.map((layer) => layer.digest),
    target: manifest.descriptor,
    files: [...tars, ...[manifest, config].map(documentFile)],
    omitted: layers.filter((layer) => !isWritten(layer)).map(({ diffID }) => diffID),
  };
}

function isWritten({ isOmitted = false }: Pick<ArchiveLayer, 'isOmitted'>): boolean {
  return !isOmitted;
}

function documentFile({ descriptor, bytes }: StoredDocument) {
  return [layoutBlobPath(descriptor.digest), inMemory(bytes)] as const;
}

function inMemory(bytes: Uint8Array): ArchiveFile {
  return { size: bytes.length, read: () => bytesOf(bytes) };
}

/** One entry for each name, as Docker has it; one without a name for an image saved by its ID. */
function indexFile(images: readonly SavedImage[]): Uint8Array {
  const entries = images.flatMap(({ names, target }) => {
    const { mediaType, digest, size, platform, annotations: own } = target;
    const descriptor = {
      ...{ mediaType, digest, size },
      ...(platform && { platform }),
      ...(own && { annotations: own }),
    };
    if (names.length === 0) return [descriptorToJson(descriptor)];
    return names.map((name) => {
      const annotations = {
        ...own,
        [IMAGE_NAME_ANNOTATION]: formatReference(name),
        ...(name.tag !== undefined && { [REF_NAME_ANNOTATION]: name.tag }),
      };
      return descriptorToJson({ ...descriptor, annotations });
    });
  });
  const omitted = [...new Set(images.flatMap((image) => image.omitted))].sort();
  return writeJson({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociIndex,
    manifests: entries,
    ...(omitted.length > 0 && { annotations: { [OMITTED_ANNOTATION]: omitted.join(' ') } }),
  });
}

function manifestFile(images: readonly SavedImage[]): Uint8Array {
  return writeJson(
    images.map(({ names, config, layers }) => {
      const tags = names.filter((name) => name.tag !== undefined).map(familiarName);
      return {
        Config: layoutBlobPath(config),
        RepoTags: tags.length > 0 ? tags : null,
        Layers: layers.map(layoutBlobPath),
      };
    }),
  );
}

/** For readers that know nothing newer: which layer a tag ends at. Absent: no image has a tag and a layer. */
function repositoriesFile(images: readonly SavedImage[]): Uint8Array | undefined {
  const repositories: Record<string, Record<string, string>> = {};
  for (const { names, layers } of images) {
    const top = layers.at(-1);
    for (const name of names) {
      if (top === undefined || name.tag === undefined) continue;
      const repository = familiarRepository(name);
      repositories[repository] = { ...repositories[repository], [name.tag]: digestHex(top) };
    }
  }
  if (Object.keys(repositories).length === 0) return undefined;
  const sorted = Object.entries(repositories).map(([name, tags]) => [name, sortedByKey(tags)] as const);
  return writeJson(sortedByKey(Object.fromEntries(sorted)));
}

/** Folders before what is in them, all in the order of their paths, times and owners zero. */
function* tarItems(files: ReadonlyMap<string, ArchiveFile>): Generator<TarItem> {
  const folders = [...files.keys()]
    .filter((path) => path.startsWith(`${BLOBS_FOLDER}/`))
    .flatMap((path) => [`${BLOBS_FOLDER}/`, path.slice(0, path.lastIndexOf('/') + 1)]);
  for (const path of [...new Set([...files.keys(), ...folders])].sort()) {
    const file = files.get(path);
    if (file === undefined) yield { entry: { name: path, type: 'directory', mode: DIRECTORY_MODE } };
    else {
      const entry = { name: path, type: 'file', mode: FILE_MODE, size: file.size } as const;
      yield { entry, body: file.read() };
    }
  }
}
