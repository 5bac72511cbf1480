/** The tables of the registry service's housekeeping: trash, ages of tags, quotas and notifications. */
export const HOUSEKEEPING_SCHEMA = `
  -- What is in the trash, with the records that it had. Before a blob gets there, its row is on disk.
  CREATE TABLE trash (
    digest TEXT PRIMARY KEY, size INTEGER NOT NULL, trashed_at INTEGER NOT NULL, records TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX trash_by_time ON trash (trashed_at);
  CREATE TABLE trash_manifests (
    repository TEXT NOT NULL, digest TEXT NOT NULL, trashed_at INTEGER NOT NULL,
    PRIMARY KEY (repository, digest)
  ) WITHOUT ROWID;

  -- When a tag was last pushed. What was there before this table counts as pushed when it was made.
  CREATE TABLE registry_tag_times (
    repository TEXT NOT NULL, tag TEXT NOT NULL, pushed_at INTEGER NOT NULL, PRIMARY KEY (repository, tag)
  ) WITHOUT ROWID;
  INSERT INTO registry_tag_times
    SELECT repository, tag, CAST(unixepoch('subsec') * 1000 AS INTEGER) FROM registry_tags;
  CREATE TRIGGER registry_tag_pushed AFTER INSERT ON registry_tags BEGIN
    INSERT OR REPLACE INTO registry_tag_times
      VALUES (NEW.repository, NEW.tag, CAST(unixepoch('subsec') * 1000 AS INTEGER));
  END;
  CREATE TRIGGER registry_tag_removed AFTER DELETE ON registry_tags BEGIN
    DELETE FROM registry_tag_times WHERE repository = OLD.repository AND tag = OLD.tag;
  END;

  -- Counts changes of the catalogue, in the transaction of each: a sum that was kept tells by it that it is old.
  CREATE TABLE registry_changes (added INTEGER NOT NULL, removed INTEGER NOT NULL);
  INSERT INTO registry_changes VALUES (0, 0);
  CREATE TRIGGER registry_manifest_added AFTER INSERT ON registry_manifests BEGIN
    UPDATE registry_changes SET added = added + 1;
    -- What comes back in another way and is deleted then must not come back from here.
    DELETE FROM trash_manifests WHERE repository = NEW.repository AND digest = NEW.digest;
  END;
  CREATE TRIGGER registry_manifest_removed AFTER DELETE ON registry_manifests BEGIN
    UPDATE registry_changes SET removed = removed + 1;
  END;
  CREATE TABLE quota_blobs (
    prefix TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (prefix, digest)
  ) WITHOUT ROWID;
  CREATE TABLE quota_sums (
    prefix TEXT PRIMARY KEY, bytes INTEGER NOT NULL, added INTEGER NOT NULL, removed INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE quota_pending (
    id TEXT PRIMARY KEY, repository TEXT NOT NULL, digest TEXT, bytes INTEGER NOT NULL, noted_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX quota_pending_by_repository ON quota_pending (repository);

  CREATE TABLE webhook_events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, endpoint TEXT NOT NULL, event TEXT NOT NULL
  );
  CREATE INDEX webhook_events_by_endpoint ON webhook_events (endpoint, sequence);
  CREATE TABLE webhook_endpoints (
    endpoint TEXT PRIMARY KEY, waiting INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0,
    delivered INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,
    claimed_by TEXT, claimed_until INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
`;
