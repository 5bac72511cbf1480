import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { bytesOf } from '../../bytes/from.ts';
import { withStorageErrors } from '../../content/storage-error.ts';
import type { Digest } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import { MANIFEST_FILE } from '../../image/docker-archive-plan.ts';
import { parseIndex, resolvePlatform } from '../../oci/index-document.ts';
import { writeJson } from '../../oci/json.ts';
import { INDEX_FILE, LAYOUT_CONTENT, LAYOUT_FILE, layoutBlobPath } from '../../oci/layout.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { isConfigType, isIndexType } from '../../oci/media-types.ts';
import type { Platform } from '../../platform.ts';
import { familiarName, formatReference, parseReference, withDefaultTag } from '../../reference.ts';
import type { RemoteDocument } from '../../registry/registry-client.ts';
import { tarEnd, writeTarEntry } from '../../tar/writer.ts';
import type { CopyContent, CopyTarget } from './copy-ends.ts';
import { missingFile } from './copy-place.ts';
import { changedIndex, type LayoutChange } from './layout-index.ts';

export interface ArchiveTargetOptions {
  readonly name?: string;
  /** Writes what `docker load` of any age reads beside the layout; of an index it gets the image for `host`. */
  readonly docker?: { readonly host: Platform };
}

/** A layout in a tar, written as its blobs come; the file appears, or is replaced, when all of it is there. */
export async function archiveTarget(file: string, options: ArchiveTargetOptions): Promise<CopyTarget> {
  const { name, docker } = options;
  const archive = await ArchiveFile.create(file);
  const changes: LayoutChange[] = [];
  let manifestFile: Uint8Array | undefined;
  const store = ({ descriptor, bytes }: RemoteDocument) =>
    archive.add(layoutBlobPath(descriptor.digest), bytes.length, bytesOf(bytes));
  return {
    maxJobs: 1,
    begin(content) {
      if (docker) manifestFile = writeJson([dockerItem(content, docker.host, name)]);
    },
    async putBlob({ digest, size }, read, { onProgress }) {
      await archive.add(layoutBlobPath(digest), size, counted(read(), onProgress));
      return { kind: 'uploaded' };
    },
    async putDocument(document, as) {
      await store(document);
      if (as === 'referrer') changes.push({ descriptor: document.descriptor });
    },
    async putTag(tag, document) {
      await store(document);
      changes.push({ descriptor: document.descriptor, name: tag });
    },
    async publish(root) {
      await store(root);
      changes.push({ descriptor: root.descriptor, ...(docker ? dockerNames(name) : name && { name }) });
      const documents = new Map([
        [LAYOUT_FILE, new TextEncoder().encode(LAYOUT_CONTENT)],
        [INDEX_FILE, new TextEncoder().encode(changedIndex(undefined, changes))],
        ...(manifestFile ? [[MANIFEST_FILE, manifestFile] as const] : []),
      ]);
      for (const [path, bytes] of documents) await archive.add(path, bytes.length, bytesOf(bytes));
      await archive.publish();
    },
    [Symbol.asyncDispose]: () => archive[Symbol.asyncDispose](),
  };
}

/** The image as `manifest.json` has it. Throws `PLATFORM_UNKNOWN`, `UNSUPPORTED` for what is no image. */
function dockerItem({ root, documents }: CopyContent, host: Platform, name: string | undefined) {
  const byDigest = new Map<Digest, RemoteDocument>(documents.map((each) => [each.descriptor.digest, each]));
  let image = root;
  while (isIndexType(image.descriptor.mediaType)) {
    const chosen = byDigest.get(resolvePlatform(parseIndex(image.bytes), undefined, host).digest);
    if (chosen === undefined) throw new Error('an index was copied without its manifests');
    image = chosen;
  }
  const { config, layers } = parseManifest(image.bytes);
  if (!isConfigType(config.mediaType))
    throw new WherryError('UNSUPPORTED', `${image.descriptor.digest} is an artifact, not an image`, {
      hint: 'copy it to an OCI layout: oci-archive:FILE',
    });
  return {
    Config: layoutBlobPath(config.digest),
    RepoTags: name === undefined ? null : [familiarName(withDefaultTag(parseReference(name)))],
    Layers: layers.map(({ digest }) => layoutBlobPath(digest)),
  };
}

/** The names that an image in a `docker save` has in the layout's index. */
function dockerNames(name: string | undefined): Pick<LayoutChange, 'name' | 'fullName'> {
  if (name === undefined) return {};
  const ref = withDefaultTag(parseReference(name));
  return { ...(ref.tag !== undefined && { name: ref.tag }), fullName: formatReference(ref) };
}

async function* counted(source: ByteSource, onProgress?: (bytes: number) => void): ByteSource {
  let bytes = 0;
  for await (const chunk of source) {
    yield chunk;
    bytes += chunk.length;
    onProgress?.(bytes);
  }
}

/** A tar that is written under another name, each member once. */
class ArchiveFile implements AsyncDisposable {
  readonly #path: string;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  readonly #names = new Set<string>();
  #isOpen = true;

  private constructor(path: string, temporary: string, handle: FileHandle) {
    this.#path = path;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  static async create(path: string): Promise<ArchiveFile> {
    const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
    const handle = await withStorageErrors(`write ${path}`, async () => {
      try {
        return await open(temporary, 'wx');
      } catch (cause) {
        throw missingFile(cause, path);
      }
    });
    return new ArchiveFile(path, temporary, handle);
  }

  async add(name: string, size: number, body: ByteSource): Promise<void> {
    if (this.#names.has(name)) return;
    this.#names.add(name);
    for await (const chunk of writeTarEntry({ name, type: 'file', mode: 0o644, size }, body))
      await this.#write(chunk);
  }

  async publish(): Promise<void> {
    await this.#write(tarEnd());
    await withStorageErrors(`write ${this.#path}`, () => this.#handle.sync());
    await this.#close();
    await withStorageErrors(`write ${this.#path}`, () => rename(this.#temporary, this.#path));
  }

  /** Takes away what was not published. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    await rm(this.#temporary, { force: true });
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#handle.close();
  }

  async #write(chunk: Uint8Array): Promise<void> {
    await withStorageErrors(`write ${this.#path}`, async () => {
      for (let at = 0; at < chunk.length; )
        at += (await this.#handle.write(chunk, at, chunk.length - at)).bytesWritten;
    });
  }
}
