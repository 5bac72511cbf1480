import { statSync } from 'node:fs';
import type { Digest } from '../../../digest.ts';
import { WherryError } from '../../../errors.ts';
import type { CatalogObserver } from '../../../metadata/catalog-observer.ts';
import type { DocumentRecord } from '../../../metadata/metadata-store.ts';
import type { QuotaTable } from '../../../metadata/quota-table.ts';
import type { Store } from '../../store/store.ts';
import { isBelow } from './name-pattern.ts';

/** How many bytes the repositories at and below a prefix may take together. */
export interface QuotaLimit {
  /** Such as `team`; empty: all. */
  readonly prefix: string;
  readonly bytes: number;
}

/** What the repositories below a prefix take. */
export interface QuotaUsage extends QuotaLimit {
  readonly used: number;
}

/**
 * Holds repositories to their limits. Each distinct blob that their manifests lead to counts once, and so does what
 * is on its way: open uploads, and blobs that no manifest names yet. Methods throw `DENIED` with the figures in
 * `details.quota`; each is one transaction, so that pushes at the same time cannot pass together.
 */
export class Quotas implements CatalogObserver {
  #limits: readonly QuotaLimit[];
  readonly #table: QuotaTable;
  readonly #store: Pick<Store, 'metadata' | 'blobs'>;
  /** Between the two halves of a push, which is one transaction. */
  #addedBefore = 0;

  constructor(store: Pick<Store, 'metadata' | 'blobs'>, limits: readonly QuotaLimit[]) {
    this.#store = store;
    this.#table = store.metadata.quotas;
    this.#limits = limits;
  }

  /** Takes these to be the limits from now on. */
  limitTo(limits: readonly QuotaLimit[]): void {
    this.#limits = limits;
  }

  /**
   * Reserves bytes that are about to be sent to an upload, besides those that it holds. `id` absent: nothing is
   * reserved, and there must be room all the same.
   */
  reserve(repository: string, bytes: number, id?: string): void {
    if (this.#limitsOf(repository).length === 0) return;
    this.#store.metadata.atomically(() => {
      const held = id === undefined ? undefined : this.#table.findPending(id);
      this.#require(repository, bytes);
      if (id !== undefined) this.#table.putPending({ id, repository, bytes: (held?.bytes ?? 0) + bytes });
    });
  }

  /** Says what an upload really holds. */
  settle(id: string, bytes: number): void {
    const held = this.#table.findPending(id);
    if (held !== undefined && held.bytes !== bytes) this.#table.putPending({ ...held, bytes });
  }

  /** Takes an upload to be a blob from now on, if there is room; `id` absent: it was sent in one request. */
  commit(repository: string, digest: Digest, bytes: number, id?: string): void {
    if (this.#limitsOf(repository).length === 0) return;
    this.#store.metadata.atomically(() => {
      if (id !== undefined) this.#table.forgetPending(id);
      const pending = { id: `${repository}@${digest}`, repository, digest, bytes };
      this.#require(repository, bytes, new Set([digest]));
      this.#table.putPending(pending);
    });
  }

  forget(id: string): void {
    this.#table.forgetPending(id);
  }

  /** The repository that an upload was reserved for. */
  repositoryOf(id: string): string | undefined {
    return this.#limits.length === 0 ? undefined : this.#table.findPending(id)?.repository;
  }

  /** Bytes that a repository may take besides what it has; `Infinity` where there is no limit. `id` does not count. */
  room(repository: string, id?: string): number {
    const limits = this.#limitsOf(repository);
    if (limits.length === 0) return Number.POSITIVE_INFINITY;
    const but = new Set(id === undefined ? [] : [id]);
    return this.#store.metadata.atomically(() =>
      Math.min(...limits.map((limit) => limit.bytes - this.#used(limit, but, true))),
    );
  }

  /** Why there is no room for `wanted` bytes. */
  refusal(repository: string, wanted: number, id?: string): WherryError {
    const but = new Set(id === undefined ? [] : [id]);
    const [tightest] = this.#limitsOf(repository)
      .map((limit) => ({ ...limit, used: this.#used(limit, but) }))
      .sort((a, b) => a.bytes - a.used - (b.bytes - b.used));
    if (tightest === undefined) throw new Error(`no limit holds for ${repository}`);
    return exceeded(tightest, wanted);
  }

  /** For those who watch the service. */
  usage(): QuotaUsage[] {
    return this.#store.metadata.atomically(() =>
      this.#limits.map((limit) => ({ ...limit, used: this.#used(limit, new Set(), true) })),
    );
  }

  admit(repository: string, document: DocumentRecord): void {
    if (this.#limits.length === 0) return;
    this.#addedBefore = this.#table.added();
    const content = this.#contentOf(document);
    for (const limit of this.#limitsOf(repository)) {
      const uncounted = this.#table.uncounted(limit.prefix, content);
      const wanted = uncounted.reduce((sum, digest) => sum + (this.#sizeOf(digest) ?? 0), 0);
      this.#requireIn(limit, wanted, new Set(content));
    }
  }

  pushed(repository: string, document: DocumentRecord): void {
    if (this.#limits.length === 0) return;
    const content = this.#contentOf(document);
    const prefixes = this.#limitsOf(repository).map(({ prefix }) => prefix);
    this.#table.count(prefixes, content, (digest) => this.#sizeOf(digest), this.#addedBefore);
    for (const digest of content) this.#table.forgetPending(`${repository}@${digest}`);
  }

  #require(repository: string, wanted: number, content: ReadonlySet<Digest> = new Set()): void {
    for (const limit of this.#limitsOf(repository)) {
      const isCounted = content.size > 0 && this.#table.uncounted(limit.prefix, content).length === 0;
      if (!isCounted) this.#requireIn(limit, wanted, content);
    }
  }

  #requireIn(limit: QuotaLimit, wanted: number, content: ReadonlySet<Digest>): void {
    if (this.#used(limit, content) + wanted <= limit.bytes) return;
    const used = this.#used(limit, content, true);
    if (used + wanted > limit.bytes) throw exceeded({ ...limit, used }, wanted);
  }

  /** `content`: what is not to count as on its way. */
  #used({ prefix }: QuotaLimit, content: ReadonlySet<string>, exact = false): number {
    const sum = this.#table.sum(prefix, (digest) => this.#sizeOf(digest), { exact });
    return sum + this.#table.pending(prefix, content);
  }

  #contentOf({ descriptor, children }: DocumentRecord): Digest[] {
    return [...this.#table.descendants([descriptor.digest, ...children])];
  }

  #limitsOf(repository: string): QuotaLimit[] {
    return this.#limits.filter(({ prefix }) => isBelow(prefix, repository));
  }

  #sizeOf(digest: Digest): number | undefined {
    return statSync(this.#store.blobs.pathOf(digest), { throwIfNoEntry: false })?.size;
  }
}

function exceeded({ prefix, used, bytes }: QuotaUsage, wanted: number): WherryError {
  const whose = prefix === '' ? 'of the registry' : `of ${prefix}`;
  return new WherryError(
    'DENIED',
    `quota ${whose} exceeded: ${used} bytes used, the limit is ${bytes}, ${wanted} more wanted`,
    {
      hint: 'delete tags that nobody needs, or ask for a higher limit',
      details: { quota: { prefix, used, limit: bytes, wanted } },
    },
  );
}
