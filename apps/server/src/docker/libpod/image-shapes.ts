import type { Descriptor, HistoryEntry, ImageInspection, ImageSummary } from '@wherry/core';
import { bareId, fullName } from './full-names.ts';

/** What Go's zero time is in seconds since 1970. */
const ZERO_TIME_SECONDS = -62_135_596_800;

/** One element of `GET /libpod/images/json`. */
export function libpodSummaryShape(image: ImageSummary): object {
  const { containers = 0, created, id, labels = {}, manifest, parent, repoDigests, repoTags, size } = image;
  const names = repoTags.map(fullName);
  return {
    Id: bareId(id),
    ParentId: bareId(parent ?? ''),
    RepoTags: names,
    RepoDigests: repoDigests.map(fullName),
    Created: unixSeconds(created),
    Size: size,
    SharedSize: 0,
    VirtualSize: size,
    Labels: Object.keys(labels).length === 0 ? null : labels,
    Containers: containers,
    ...(names.length === 0 ? { Dangling: true } : { Names: names }),
    ...(manifest && { Digest: manifest.digest }),
    History: names,
  };
}

/** What `GET /libpod/images/{name}/json` answers. `History` is as the config has it, oldest first. */
export function libpodInspectionShape(
  inspection: ImageInspection,
  history: readonly HistoryEntry[],
  manifest: Descriptor | undefined,
): object {
  const config = imageConfig(inspection.Config);
  const names = inspection.RepoTags.map(fullName);
  return {
    Id: bareId(inspection.Id),
    ...(manifest && { Digest: manifest.digest }),
    RepoTags: names,
    RepoDigests: inspection.RepoDigests.map(fullName),
    Parent: bareId(inspection.Parent),
    Comment: inspection.Comment,
    Created: inspection.Created,
    Config: config,
    Version: inspection.DockerVersion,
    Author: inspection.Author,
    Architecture: inspection.Architecture,
    Os: inspection.Os,
    Size: inspection.Size,
    VirtualSize: inspection.Size,
    GraphDriver: inspection.GraphDriver,
    RootFS: inspection.RootFS,
    Labels: config.Labels ?? null,
    ...(manifest && { ManifestType: manifest.mediaType }),
    User: config.User ?? '',
    History: history.toReversed().map(configHistory),
    NamesHistory: names,
  };
}

/** One element of `GET /libpod/images/{name}/history`. */
export function libpodHistoryShape(entry: HistoryEntry): object {
  const { comment, created, createdBy, id, size, tags } = entry;
  return {
    Id: id === undefined ? '<missing>' : bareId(id),
    Created: unixSeconds(created),
    CreatedBy: createdBy,
    Tags: tags.length === 0 ? null : tags.map(fullName),
    Size: size,
    Comment: comment,
  };
}

const CONFIG_FIELDS = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
];

/** What the specification knows of a config, without what is empty. OCI image-spec v1.1, config.md. */
function imageConfig(config: unknown): Readonly<Record<string, unknown>> {
  const members = Object.entries(config as Record<string, unknown>);
  const isSet = (value: unknown) =>
    value !== null && value !== '' && !(typeof value === 'object' && Object.keys(value).length === 0);
  return Object.fromEntries(members.filter(([name, value]) => CONFIG_FIELDS.includes(name) && isSet(value)));
}

function configHistory({ comment, created, createdBy, layer }: HistoryEntry) {
  return {
    ...(created && { created: created.toISOString() }),
    ...(createdBy && { created_by: createdBy }),
    ...(comment && { comment }),
    ...(layer === undefined && { empty_layer: true }),
  };
}

function unixSeconds(date: Date | undefined): number {
  return date === undefined ? ZERO_TIME_SECONDS : Math.floor(date.getTime() / 1000);
}
