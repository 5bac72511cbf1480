import type { HistoryEntry, ImageInspection, ImageSummary } from '@wherry/core';
import type { ApiVersion } from '../version.ts';

/** From here on images without a name have empty lists, not names of `<none>`. */
const EMPTY_LISTS_MINOR = 43;
/** From here on there is no `VirtualSize`. */
const ONE_SIZE_MINOR = 44;
/** From here on the container that an image was made in is not told. */
const NO_CONTAINER_MINOR = 45;
/** From here on `Config` has what an image can have. */
const IMAGE_CONFIG_MINOR = 50;
/** From here on a listing counts the containers of each image. */
const CONTAINERS_MINOR = 51;

/** What Go's zero time is in seconds since 1970. */
const ZERO_TIME_SECONDS = -62_135_596_800;

const CONTAINER_ONLY = [
  'Hostname',
  'Domainname',
  'AttachStdin',
  'AttachStdout',
  'AttachStderr',
  'Tty',
  'OpenStdin',
  'StdinOnce',
  'Image',
  'NetworkDisabled',
  'MacAddress',
];

export function countsContainers({ minor }: ApiVersion): boolean {
  return minor >= CONTAINERS_MINOR;
}

/** One element of `GET /images/json`; `sharedBytes` absent: nobody asked. */
export function imageSummaryShape(
  image: ImageSummary,
  { minor }: ApiVersion,
  sharedBytes = -1,
): Record<string, unknown> {
  const { containers = -1, created, id, labels = {}, parent = '', size } = image;
  return {
    Containers: containers,
    Created: unixSeconds(created),
    Id: id,
    Labels: Object.keys(labels).length === 0 ? null : labels,
    ParentId: parent,
    ...namesShape(image, minor),
    SharedSize: sharedBytes,
    Size: size,
    ...(minor < ONE_SIZE_MINOR && { VirtualSize: size }),
  };
}

function namesShape({ repoDigests, repoTags }: ImageSummary, minor: number) {
  if (minor >= EMPTY_LISTS_MINOR) return { RepoDigests: repoDigests, RepoTags: repoTags };
  if (repoDigests.length === 0 && repoTags.length === 0)
    return { RepoDigests: ['<none>@<none>'], RepoTags: ['<none>:<none>'] };
  const listed = (names: readonly string[]) => (names.length === 0 ? null : names);
  return { RepoDigests: listed(repoDigests), RepoTags: listed(repoTags) };
}

/** What `GET /images/{name}/json` answers in a version of the API. */
export function inspectionShape(inspection: ImageInspection, { minor }: ApiVersion): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(inspection).flatMap(([name, value]) => {
      if (name === 'VirtualSize' && minor >= ONE_SIZE_MINOR) return [];
      if ((name === 'Container' || name === 'ContainerConfig') && minor >= NO_CONTAINER_MINOR) return [];
      if (name === 'Config' && minor >= IMAGE_CONFIG_MINOR) return [[name, imageConfigShape(value)]];
      return [[name, value]];
    }),
  );
}

function imageConfigShape(config: unknown): unknown {
  return Object.fromEntries(
    Object.entries(config as Record<string, unknown>).filter(([name]) => !CONTAINER_ONLY.includes(name)),
  );
}

/** One element of `GET /images/{name}/history`. */
export function historyShape(entry: HistoryEntry): Record<string, unknown> {
  return {
    Comment: entry.comment,
    Created: unixSeconds(entry.created),
    CreatedBy: entry.createdBy,
    Id: entry.id ?? '<missing>',
    Size: entry.size,
    Tags: entry.tags.length === 0 ? null : entry.tags,
  };
}

function unixSeconds(date: Date | undefined): number {
  return date === undefined ? ZERO_TIME_SECONDS : Math.floor(date.getTime() / 1000);
}
