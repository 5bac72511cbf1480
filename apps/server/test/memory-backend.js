import { createHash, randomUUID } from 'node:crypto';
import { WherryError } from '@wherry/core';
/** A backend in memory, for tests of the routes: it checks what the routes rely on, and nothing else. */
export class MemoryBackend {
  blobs = new Map();
  uploads = new Map();
  manifests = new Map();
  tags = new Map();
  touched = [];
  /** Thrown by the next call that writes. */
  fault;
  addBlob(bytes) {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return digest;
  }
  findBlob = async (digest) => {
    const bytes = this.blobs.get(digest);
    if (!bytes) return undefined;
    this.touched.push(digest);
    return { digest, size: bytes.length };
  };
  async *readBlob(...[digest, range]) {
    const bytes = this.blobs.get(digest);
    if (!bytes) throw new WherryError('BLOB_UNKNOWN', `blob ${digest} not found`);
    yield bytes.subarray(range?.start ?? 0, range?.end ?? bytes.length);
  }
  putBlob = async (digest, body) => this.#commit(digest, await all(body));
  startUpload = async () => {
    this.#failIfToldTo();
    const id = randomUUID();
    this.uploads.set(id, new Uint8Array());
    return id;
  };
  uploadOffset = async (id) => this.#upload(id).length;
  appendUpload = async (id, { body, startAt }) => {
    this.#failIfToldTo();
    const held = this.#upload(id);
    const offset = held.length;
    if (startAt !== undefined && startAt !== offset)
      throw new WherryError('INVALID_RANGE', `upload is at offset ${offset}, chunk begins at ${startAt}`, {
        details: { offset },
      });
    this.uploads.set(id, Buffer.concat([held, await all(body)]));
    return this.#upload(id).length;
  };
  commitUpload = async (id, digest, last) => {
    if (last) await this.appendUpload(id, last);
    const bytes = this.#upload(id);
    this.uploads.delete(id);
    return this.#commit(digest, bytes);
  };
  cancelUpload = async (id) => {
    this.#upload(id);
    this.uploads.delete(id);
  };
  findManifest = async (repository, reference) => {
    const digest = this.tags.get(repository)?.get(reference) ?? reference;
    return this.manifests.get(`${repository}@${digest}`)?.descriptor;
  };
  readManifest = async ({ digest }) => {
    for (const { descriptor, bytes } of this.manifests.values())
      if (descriptor.digest === digest) return bytes;
    throw new WherryError('CORRUPT', `document ${digest} cannot be read from the store`);
  };
  putManifest = async ({ repository, bytes, tags, digest, contentType }) => {
    this.#failIfToldTo();
    const found = digestOf(bytes);
    if (digest !== undefined && digest !== found)
      throw new WherryError('DIGEST_MISMATCH', `manifest has digest ${found}, want ${digest}`);
    const descriptor = { mediaType: contentType ?? '', digest: found, size: bytes.length };
    this.manifests.set(`${repository}@${found}`, { descriptor, bytes });
    const known = this.tags.get(repository) ?? new Map();
    for (const tag of tags) known.set(tag, found);
    this.tags.set(repository, known);
    return { descriptor };
  };
  listTags = async (repository, { last = '', limit = Infinity } = {}) => {
    const tags = this.tags.get(repository);
    if (!tags) return undefined;
    return [...tags.keys()]
      .sort()
      .filter((tag) => tag > last)
      .slice(0, limit);
  };
  listRepositories = async ({ last = '', limit = Infinity } = {}) =>
    [...this.tags.keys()]
      .sort()
      .filter((name) => name > last)
      .slice(0, limit);
  #commit(digest, bytes) {
    this.#failIfToldTo();
    const found = digestOf(bytes);
    if (found !== digest)
      throw new WherryError('DIGEST_MISMATCH', `blob has digest ${found}, want ${digest}`);
    this.addBlob(bytes);
    return { digest, size: bytes.length };
  }
  #upload(id) {
    const held = this.uploads.get(id);
    if (!held) throw new WherryError('UPLOAD_UNKNOWN', `upload ${id} not found`);
    return held;
  }
  #failIfToldTo() {
    const { fault } = this;
    this.fault = undefined;
    if (fault !== undefined) throw fault;
  }
}
/** The sha256 digest of some bytes. */
export function digestOf(bytes) {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
async function all(source) {
  const chunks = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}
//# sourceMappingURL=memory-backend.js.map
