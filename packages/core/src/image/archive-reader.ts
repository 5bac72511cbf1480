import type { ByteSource } from '../bytes/byte-source.ts';
import { collect } from '../bytes/collect.ts';
import { bytesOf } from '../bytes/from.ts';
import { decompressAuto } from '../compression/decompress.ts';
import { detectCompression } from '../compression/detect.ts';
import { type Digest, digestAlgorithm } from '../digest.ts';
import { throwIfCancelled, WherryError } from '../errors.ts';
import { digestOfBlobPath } from '../oci/layout.ts';
import { BLOCK_BYTES, isZeroBlock, parseHeader } from '../tar/header.ts';
import { readTar, type TarFile } from '../tar/reader.ts';
import {
  type ArchiveMember,
  type ArchiveMembers,
  findMember,
  invalidArchive,
  memberName,
  type StoredMember,
} from './archive-members.ts';
import { planArchive } from './archive-plan.ts';
import { layerNames } from './docker-archive-plan.ts';
import type { ArchivePlan, PlanOptions } from './planned-image.ts';

/** A member whose bytes are for the store. */
export interface ArchiveContent {
  readonly name: string;
  readonly size: number;
  /**
   * `layer`: it looks like a tar, packed or not. `blob`: anything else that lies under `blobs/`. A `layer`
   * under `blobs/` may turn out to be no layer: then it is to be stored as it is, too.
   */
  readonly kind: 'layer' | 'blob';
  /** What its name under `blobs/` says it is. */
  readonly digest?: Digest;
  /** Readable once, during the call; what is left unread is passed over. */
  readonly content: ByteSource;
}

/** A member on its way into the store. */
export interface StoringMember {
  /** Settles when the bytes are read: the next member may come. */
  readonly drained: Promise<void>;
  /** What became of it; may settle while later members are read. */
  readonly stored: Promise<StoredMember>;
}

/** Stores one member while the archive is read. Its digest is checked against its name afterwards. */
export type ArchiveSink = (member: ArchiveContent) => StoringMember;

export interface ReadArchiveOptions extends PlanOptions {
  readonly signal?: AbortSignal;
}

const MAX_DOCUMENT_BYTES = 4 << 20;
/** What all documents of an archive may take of memory. */
const MAX_DOCUMENTS_BYTES = 64 << 20;
const MAX_MEMBERS = 200_000;

/**
 * Reads an image archive in one pass: `docker save`'s of any age or an OCI layout in a tar, packed in any
 * way. Large members go to `sink` as they come, documents are kept; then the plan is made (`planArchive`).
 * Members may come in any order; what no document names is of no consequence. `source` is read to its end or
 * closed. Throws what `planArchive` and the tar reader throw, `CANCELLED`.
 */
export async function readImageArchive(
  source: ByteSource,
  sink: ArchiveSink,
  options: ReadArchiveOptions = {},
): Promise<ArchivePlan> {
  return planArchive(await readArchiveMembers(source, sink, options.signal), options);
}

/** Reads an archive's members without asking what they mean. Otherwise as `readImageArchive`. */
export async function readArchiveMembers(
  source: ByteSource,
  sink: ArchiveSink,
  signal?: AbortSignal,
): Promise<ArchiveMembers> {
  const reading = new ArchiveReading(sink);
  try {
    for await (const file of readTar(decompressAuto(source))) {
      throwIfCancelled(signal);
      await reading.take(file);
    }
    return await reading.finish();
  } finally {
    await reading.settle();
  }
}

/** The members of an archive, some of them still on their way into the store. */
class ArchiveReading {
  readonly #sink: ArchiveSink;
  readonly #members = new Map<string, ArchiveMember | Promise<StoredMember>>();
  readonly #storing: Promise<StoredMember>[] = [];
  #documentBytes = 0;

  constructor(sink: ArchiveSink) {
    this.#sink = sink;
  }

  async take({ entry, body }: TarFile): Promise<void> {
    const name = memberName(new TextDecoder().decode(entry.name));
    // A later member of the same name takes the place of an earlier one.
    this.#members.delete(name);
    if (entry.type === 'symlink' || entry.type === 'hardlink')
      this.#put(name, { kind: entry.type, target: new TextDecoder().decode(entry.link) });
    else if (entry.type === 'file' && name !== '') await this.#takeFile(name, entry.size, body);
  }

  /** All members, when every one is in the store. */
  async finish(): Promise<ArchiveMembers> {
    const members = new Map<string, ArchiveMember>();
    for (const [name, member] of this.#members)
      members.set(name, member instanceof Promise ? { kind: 'blob', ...(await member) } : member);
    // An empty layer, or one that begins like JSON, was taken for a document.
    for (const path of layerNames(members)) {
      const found = findMember(members, path);
      if (found?.member.kind !== 'document' || digestOfBlobPath(found.name)) continue;
      const { bytes } = found.member;
      const stored = this.#store({
        name: found.name,
        size: bytes.length,
        kind: 'layer',
        content: bytesOf(bytes),
      });
      members.set(found.name, { kind: 'blob', ...(await stored.stored) });
    }
    return members;
  }

  /** Waits for what is under way: it holds files and workers, and after an error nobody else does. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#storing);
  }

  async #takeFile(name: string, size: number, body: ByteSource): Promise<void> {
    const { head, rest } = await peek(body, BLOCK_BYTES);
    if (size <= MAX_DOCUMENT_BYTES && looksLikeJson(head)) {
      this.#documentBytes += size;
      if (this.#documentBytes > MAX_DOCUMENTS_BYTES)
        throw invalidArchive(`its documents take more than ${MAX_DOCUMENTS_BYTES} bytes`);
      // A copy: what is read may be a part of a chunk whose rest is a layer's, and goes with it.
      const bytes = new Uint8Array(await collect(rest, MAX_DOCUMENT_BYTES, name));
      return this.#put(name, { kind: 'document', bytes });
    }
    const digest = digestOfBlobPath(name);
    const kind = looksLikeLayer(head) ? 'layer' : 'blob';
    // A README beside the image is nobody's business.
    if (kind === 'blob' && digest === undefined) return;
    const storing = this.#store({ name, size, kind, ...(digest && { digest }), content: rest });
    this.#put(name, storing.stored);
    await storing.drained;
  }

  #store(content: ArchiveContent): StoringMember {
    const { drained, stored } = this.#sink(content);
    const checked = stored.then((member) => requireDigest(content, member));
    checked.catch(() => undefined);
    this.#storing.push(checked);
    return { drained, stored: checked };
  }

  #put(name: string, member: ArchiveMember | Promise<StoredMember>): void {
    this.#members.set(name, member);
    if (this.#members.size > MAX_MEMBERS) throw invalidArchive(`it has more than ${MAX_MEMBERS} members`);
  }
}

/** A name under `blobs/` says what is there. */
function requireDigest({ name, digest }: ArchiveContent, stored: StoredMember): StoredMember {
  if (digest && digestAlgorithm(digest) === digestAlgorithm(stored.digest) && stored.digest !== digest)
    throw new WherryError('DIGEST_MISMATCH', `${name}: digest ${stored.digest}, want ${digest}`);
  return stored;
}

const JSON_START = /^[\s\uFEFF]*[{[]/;

function looksLikeJson(head: Uint8Array): boolean {
  return head.length === 0 || JSON_START.test(new TextDecoder().decode(head));
}

function looksLikeLayer(head: Uint8Array): boolean {
  if (detectCompression(head) !== 'none') return true;
  if (head.length < BLOCK_BYTES) return false;
  return isZeroBlock(head) || parseHeader(head) !== undefined;
}

/** The first `size` bytes of a source, or all there are, and the whole source again. */
async function peek(source: ByteSource, size: number): Promise<{ head: Uint8Array; rest: ByteSource }> {
  const iterator = source[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < size) {
    const { done, value } = await iterator.next();
    if (done) break;
    chunks.push(value);
    length += value.length;
  }
  const head = new Uint8Array(Math.min(length, size));
  let at = 0;
  for (const chunk of chunks) {
    head.set(chunk.subarray(0, head.length - at), at);
    at += Math.min(chunk.length, head.length - at);
  }
  return { head, rest: resume(chunks, iterator) };
}

async function* resume(chunks: readonly Uint8Array[], iterator: AsyncIterator<Uint8Array>): ByteSource {
  yield* chunks;
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
}
