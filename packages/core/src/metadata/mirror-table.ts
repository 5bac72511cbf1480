import type { Clock } from '../clock.ts';
import type { Digest } from '../digest.ts';
import type { MetadataDatabase } from './metadata-database.ts';
import type {
  CachedContent,
  FoundLink,
  MirroredRepository,
  MirroredTag,
  MirrorLink,
  MirrorStore,
} from './mirror-store.ts';

/** A use is not written down again before this: content that is asked for often costs no write each time. */
const USE_INTERVAL_MS = 60 * 1000;
/** Content that one look at the least recently used reads. */
const PAGE_ROWS = 200;

/** The cache of the mirror, in three tables. */
export class MirrorTable implements MirrorStore {
  readonly #database: MetadataDatabase;
  readonly #clock: Clock;

  constructor(database: MetadataDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  findTag({ upstream, repository }: MirroredRepository, tag: string): MirroredTag | undefined {
    const row = this.#database.get(
      'SELECT digest, checked_at FROM mirror_tags WHERE upstream = ? AND repository = ? AND tag = ?',
      upstream,
      repository,
      tag,
    );
    return row && { digest: row.digest as Digest, checkedAt: new Date(row.checked_at as number) };
  }

  putTag({ upstream, repository }: MirroredRepository, tag: string, digest: Digest): void {
    const now = this.#now();
    // What a loss of power undoes is asked for again.
    this.#quickly(() =>
      this.#database.run(
        'INSERT OR REPLACE INTO mirror_tags VALUES (?, ?, ?, ?, ?)',
        ...[upstream, repository, tag, digest, now],
      ),
    );
  }

  deleteTag({ upstream, repository }: MirroredRepository, tag: string): void {
    this.#quickly(() =>
      this.#database.run(
        'DELETE FROM mirror_tags WHERE upstream = ? AND repository = ? AND tag = ?',
        ...[upstream, repository, tag],
      ),
    );
  }

  listTags({ upstream, repository }: MirroredRepository): string[] {
    return this.#database
      .all(
        'SELECT tag FROM mirror_tags WHERE upstream = ? AND repository = ? ORDER BY tag',
        upstream,
        repository,
      )
      .map((row) => row.tag as string);
  }

  findLink({ upstream, repository }: MirroredRepository, digest: Digest): FoundLink | undefined {
    const row = this.#database.get(
      'SELECT * FROM mirror_links WHERE upstream = ? AND repository = ? AND digest = ?',
      ...[upstream, repository, digest],
    );
    if (row === undefined) return undefined;
    const mediaType = row.media_type as string | null;
    const link = { digest, size: row.size as number, isHeld: row.is_held === 1 };
    return mediaType === null ? link : { ...link, mediaType };
  }

  knows({ upstream, repository }: MirroredRepository): boolean {
    const found = this.#database.get(
      'SELECT 1 FROM mirror_links WHERE upstream = ? AND repository = ? LIMIT 1',
      upstream,
      repository,
    );
    return found !== undefined;
  }

  isHeldBy(upstream: string, digest: Digest): boolean {
    const found = this.#database.get(
      'SELECT 1 FROM mirror_links WHERE digest = ? AND upstream = ? AND is_held LIMIT 1',
      digest,
      upstream,
    );
    return found !== undefined;
  }

  reserve({ digest, size }: Pick<MirrorLink, 'digest' | 'size'>): void {
    this.#database.transaction(() =>
      this.#database.run('INSERT OR REPLACE INTO mirror_content VALUES (?, ?, ?)', digest, size, this.#now()),
    );
  }

  hold(of: MirroredRepository, link: MirrorLink, named: readonly MirrorLink[]): void {
    this.#quickly(() => {
      this.#putLink(of, link, 1);
      for (const child of named) this.#putLink(of, child, 0);
    });
  }

  release(digest: Digest): void {
    this.#database.transaction(() => {
      this.#database.run('DELETE FROM mirror_content WHERE digest = ?', digest);
      this.#database.run('UPDATE mirror_links SET is_held = 0 WHERE digest = ?', digest);
    });
  }

  releaseUnheld(digest: Digest): void {
    this.#database.transaction(() =>
      this.#database.run(
        `DELETE FROM mirror_content WHERE digest = ?1
         AND NOT EXISTS (SELECT 1 FROM mirror_links WHERE digest = ?1 AND is_held)`,
        digest,
      ),
    );
  }

  noteUse(digest: Digest): void {
    const now = this.#now();
    const row = this.#database.get('SELECT used_at FROM mirror_content WHERE digest = ?', digest);
    if (row === undefined || Math.abs(now - (row.used_at as number)) < USE_INTERVAL_MS) return;
    this.#quickly(() =>
      this.#database.run('UPDATE mirror_content SET used_at = ? WHERE digest = ?', now, digest),
    );
  }

  bytes(): number {
    return this.#database.get('SELECT TOTAL(size) AS bytes FROM mirror_content')?.bytes as number;
  }

  *leastRecentlyUsed(): Iterable<CachedContent> {
    let [usedAt, digest] = [-1, ''];
    for (;;) {
      const rows = this.#database.all(
        `SELECT * FROM mirror_content WHERE (used_at, digest) > (?, ?) ORDER BY used_at, digest LIMIT ?`,
        ...[usedAt, digest, PAGE_ROWS],
      );
      for (const row of rows) {
        [usedAt, digest] = [row.used_at as number, row.digest as string];
        const found = row.digest as Digest;
        yield { digest: found, size: row.size as number, repositories: this.#holders(found) };
      }
      if (rows.length < PAGE_ROWS) return;
    }
  }

  #holders(digest: Digest): MirroredRepository[] {
    return this.#database
      .all('SELECT upstream, repository FROM mirror_links WHERE digest = ? AND is_held', digest)
      .map((row) => ({ upstream: row.upstream as string, repository: row.repository as string }));
  }

  #putLink({ upstream, repository }: MirroredRepository, link: MirrorLink, isHeld: 0 | 1): void {
    const { digest, size, mediaType } = link;
    // What a manifest says is no news of what the upstream has given.
    this.#database.run(
      `INSERT INTO mirror_links VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
         size = CASE WHEN excluded.is_held OR NOT is_held THEN excluded.size ELSE size END,
         media_type = CASE WHEN excluded.is_held THEN excluded.media_type ELSE media_type END,
         is_held = is_held OR excluded.is_held`,
      ...[upstream, repository, digest, size, mediaType ?? null, isHeld],
    );
  }

  #quickly(work: () => unknown): void {
    this.#database.transaction(work, { durable: false });
  }

  #now(): number {
    return this.#clock.now().getTime();
  }
}
