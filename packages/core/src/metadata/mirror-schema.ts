/**
 * What the mirror keeps of upstreams: tags as they were last seen, which content a repository has, and the
 * content that is cached, apart from the registry's own catalogue.
 */
export const MIRROR_SCHEMA = `
  CREATE TABLE mirror_tags (
    upstream TEXT NOT NULL, repository TEXT NOT NULL, tag TEXT NOT NULL,
    digest TEXT NOT NULL, checked_at INTEGER NOT NULL,
    PRIMARY KEY (upstream, repository, tag)
  ) WITHOUT ROWID;
  CREATE TABLE mirror_links (
    upstream TEXT NOT NULL, repository TEXT NOT NULL, digest TEXT NOT NULL,
    size INTEGER NOT NULL, media_type TEXT, is_held INTEGER NOT NULL,
    PRIMARY KEY (upstream, repository, digest)
  ) WITHOUT ROWID;
  CREATE INDEX mirror_links_by_digest ON mirror_links (digest);
  CREATE TABLE mirror_content (
    digest TEXT PRIMARY KEY, size INTEGER NOT NULL, used_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX mirror_content_by_use ON mirror_content (used_at);
`;
