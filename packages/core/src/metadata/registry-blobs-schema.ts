/**
 * Which blobs each repository of the registry service has. `removed` rows say that a client deleted the blob
 * there: whoever may read the whole store reads it through every other repository. What manifests name is
 * linked from the start. Which manifest has which subject stands beside the edges: a signature does not keep what it signs.
 * What was recorded before has edges to its subjects too.
 */
export const REGISTRY_BLOBS_SCHEMA = `
  CREATE TABLE registry_blobs (
    digest TEXT NOT NULL, repository TEXT NOT NULL, removed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (digest, repository)
  ) WITHOUT ROWID;
  CREATE TABLE registry_subjects (
    subject TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (subject, digest)
  ) WITHOUT ROWID;
  CREATE INDEX registry_subjects_by_digest ON registry_subjects (digest);
  WITH RECURSIVE held (repository, digest) AS (
    SELECT repository, digest FROM registry_manifests
    UNION SELECT held.repository, edges.child FROM held JOIN edges ON edges.parent = held.digest
      JOIN documents ON documents.digest = edges.parent
  )
  INSERT INTO registry_blobs (digest, repository)
    SELECT held.digest, held.repository FROM held
    LEFT JOIN documents USING (digest) WHERE documents.digest IS NULL;
`;
