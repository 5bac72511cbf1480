import { createHash, randomUUID } from 'node:crypto';
import { type Descriptor, type Digest, WherryError } from '@wherry/core';
import type { RegistryBackend } from '../src/registry/backend.ts';

const CHUNK_BYTES = 64 << 10;

/** A backend in memory, for tests of the routes: it checks what the routes rely on, and nothing else. */
export class MemoryBackend implements RegistryBackend {
  readonly blobs = new Map<string, Uint8Array>();
  readonly uploads = new Map<string, Uint8Array>();
  /** Which repository an upload is of. */
  readonly #repositories = new Map<string, string | undefined>();
  readonly manifests = new Map<string, { descriptor: Descriptor; bytes: Uint8Array }>();
  readonly tags = new Map<string, Map<string, Digest>>();
  readonly touched: Digest[] = [];
  /** In the order of their digests; of every subject. */
  readonly referrers: Descriptor[] = [];
  /** Thrown by the next call that writes. */
  fault: unknown;
  /** Thrown by the next `sendBlob`, when all is sent. */
  lateFault: unknown;

  addBlob(bytes: Uint8Array): Digest {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return digest;
  }

  findBlob: RegistryBackend['findBlob'] = async (digest) => {
    const bytes = this.blobs.get(digest);
    if (!bytes) return undefined;
    this.touched.push(digest);
    return { digest, size: bytes.length };
  };

  readSmallBlob: RegistryBackend['readSmallBlob'] = async ({ digest, size }) =>
    size > CHUNK_BYTES ? undefined : this.blobs.get(digest);

  mountBlob: RegistryBackend['mountBlob'] = async (digest) => {
    const bytes = this.blobs.get(digest);
    return bytes && { digest, size: bytes.length };
  };

  deleteBlob: RegistryBackend['deleteBlob'] = async (digest) => this.blobs.delete(digest);

  sendBlob: RegistryBackend['sendBlob'] = async ({ digest }, { start, end }, sink) => {
    const bytes = this.blobs.get(digest);
    if (!bytes) throw new WherryError('BLOB_UNKNOWN', `blob ${digest} not found`);
    this.#failIfToldTo();
    for (let at = start; at < end; at += CHUNK_BYTES)
      await sink(bytes.subarray(at, Math.min(at + CHUNK_BYTES, end)));
    const { lateFault } = this;
    this.lateFault = undefined;
    if (lateFault !== undefined) throw lateFault;
  };

  blobPath: RegistryBackend['blobPath'] = ({ digest }) => `blobs/${digest.replace(':', '/')}`;

  putBlob: RegistryBackend['putBlob'] = async (digest, { body }) => this.#commit(digest, await all(body));

  startUpload: RegistryBackend['startUpload'] = async (repository) => {
    this.#failIfToldTo();
    const id = randomUUID();
    this.uploads.set(id, new Uint8Array());
    this.#repositories.set(id, repository);
    return id;
  };

  uploadOffset: RegistryBackend['uploadOffset'] = async (id, repository) =>
    this.#upload(id, repository).length;

  appendUpload: RegistryBackend['appendUpload'] = async (id, { body, startAt }, repository) => {
    this.#failIfToldTo();
    const held = this.#upload(id, repository);
    const offset = held.length;
    if (startAt !== undefined && startAt !== offset)
      throw new WherryError('INVALID_RANGE', `upload is at offset ${offset}, chunk begins at ${startAt}`, {
        details: { offset },
      });
    this.uploads.set(id, Buffer.concat([held, await all(body)]));
    return this.#upload(id).length;
  };

  commitUpload: RegistryBackend['commitUpload'] = async (id, digest, last, access) => {
    if (last) await this.appendUpload(id, last, access?.repository);
    const bytes = this.#upload(id, access?.repository);
    this.uploads.delete(id);
    return this.#commit(digest, bytes);
  };

  cancelUpload: RegistryBackend['cancelUpload'] = async (id, repository) => {
    this.#upload(id, repository);
    this.uploads.delete(id);
  };

  findManifest: RegistryBackend['findManifest'] = async (repository, reference) => {
    const digest = this.tags.get(repository)?.get(reference) ?? reference;
    return this.manifests.get(`${repository}@${digest}`)?.descriptor;
  };

  readManifest: RegistryBackend['readManifest'] = async ({ digest }) => {
    for (const { descriptor, bytes } of this.manifests.values())
      if (descriptor.digest === digest) return bytes;
    throw new WherryError('CORRUPT', `document ${digest} cannot be read from the store`);
  };

  putManifest: RegistryBackend['putManifest'] = async ({ repository, bytes, tags, digest, contentType }) => {
    this.#failIfToldTo();
    const found = digestOf(bytes);
    if (digest !== undefined && digest !== found)
      throw new WherryError('DIGEST_MISMATCH', `manifest has digest ${found}, want ${digest}`);
    const descriptor = { mediaType: contentType ?? '', digest: found, size: bytes.length };
    this.manifests.set(`${repository}@${found}`, { descriptor, bytes });
    const known = this.tags.get(repository) ?? new Map<string, Digest>();
    for (const tag of tags) known.set(tag, found);
    this.tags.set(repository, known);
    const { subject } = JSON.parse(Buffer.from(bytes).toString());
    return { descriptor, ...(subject && { subject: subject.digest }) };
  };

  deleteManifest: RegistryBackend['deleteManifest'] = async (repository, reference) =>
    this.tags.get(repository)?.delete(reference) || this.manifests.delete(`${repository}@${reference}`);

  listReferrers: RegistryBackend['listReferrers'] = async ({ limit, last = '', artifactType }) => {
    const after = this.referrers.filter(
      (one) => one.digest > last && (artifactType === undefined || one.artifactType === artifactType),
    );
    return { referrers: after.slice(0, limit), hasMore: after.length > limit };
  };

  searchRepositories: RegistryBackend['searchRepositories'] = async (
    text,
    { limit = Infinity, mayRead } = {},
  ) =>
    [...this.tags.keys()]
      .sort()
      .filter((name) => name.includes(text) && (mayRead?.(name) ?? true))
      .slice(0, limit);

  listTags: RegistryBackend['listTags'] = async (repository, { last = '', limit = Infinity } = {}) => {
    const tags = this.tags.get(repository);
    if (!tags) return undefined;
    return [...tags.keys()]
      .sort()
      .filter((tag) => tag > last)
      .slice(0, limit);
  };

  listRepositories: RegistryBackend['listRepositories'] = async ({
    last = '',
    limit = Infinity,
    mayRead,
  } = {}) =>
    [...this.tags.keys()]
      .sort()
      .filter((name) => name > last && (mayRead?.(name) ?? true))
      .slice(0, limit);

  #commit(digest: Digest, bytes: Uint8Array) {
    this.#failIfToldTo();
    const found = digestOf(bytes);
    if (found !== digest)
      throw new WherryError('DIGEST_MISMATCH', `blob has digest ${found}, want ${digest}`);
    this.addBlob(bytes);
    return { digest, size: bytes.length };
  }

  #upload(id: string, repository?: string): Uint8Array {
    const held = this.uploads.get(id);
    const isTheirs = repository === undefined || this.#repositories.get(id) === repository;
    if (!held || !isTheirs) throw new WherryError('UPLOAD_UNKNOWN', `upload ${id} not found`);
    return held;
  }

  #failIfToldTo(): void {
    const { fault } = this;
    this.fault = undefined;
    if (fault !== undefined) throw fault;
  }
}

/** The sha256 digest of some bytes. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

async function all(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}
