import type { Digest } from '../../digest.ts';
import { isWherryError } from '../../errors.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import { resolveImage } from '../resolve.ts';
import { bytesBelow } from '../store/bytes-below.ts';
import type { ContainerDeps } from './container-deps.ts';
import { matchContainers } from './container-filters.ts';
import { containerPlaces, directoryName } from './container-places.ts';
import { recordOf } from './container-records.ts';
import { clearLeftovers } from './life/leftovers.ts';
import { currentRecord, mountedDirectories, tend } from './life/settle.ts';

export interface ListContainersRequest {
  /** Those that do not run, too. */
  readonly all?: boolean;
  /** This many of the newest, whether they run or not; absent: all. */
  readonly last?: number;
  /** `name=value` each, with Docker's names. */
  readonly filters?: readonly string[];
  /** Measures what each container changed. */
  readonly sizes?: boolean;
}

export interface ContainerSummary {
  readonly container: ContainerRecord;
  /** What the user called the image, as long as it means that image; its ID otherwise. */
  readonly image: string;
  readonly sizes?: ContainerSizes;
}

/** Bytes of files. */
export interface ContainerSizes {
  /** What the container made or changed. */
  readonly changedBytes: number;
  /** That, and the image. */
  readonly totalBytes: number;
}

/**
 * Lists containers, newest first, with the states that they are in now. What a killed wherry left behind is put
 * in order on the way. Throws `INVALID_ARGUMENT` with Docker's texts for filters, `CONTAINER_UNKNOWN` for what
 * they name.
 */
export async function listContainers(
  deps: ContainerDeps,
  request: ListContainersRequest = {},
): Promise<ContainerSummary[]> {
  const { metadata } = deps.store;
  await tendAll(deps);
  const records = metadata.listContainers().map((stored) => currentRecord(deps, recordOf(stored)));
  const { all, last, filters = [] } = request;
  const chosen = matchContainers(metadata, records, filters);
  // As with Docker, who asks for a state is shown what is in it.
  const wantsAll = all || last !== undefined || filters.some((text) => /^(status|exited)=/.test(text));
  const shown = chosen.filter(
    ({ state }) => wantsAll || state.status === 'running' || state.status === 'paused',
  );
  return await Promise.all(
    (last === undefined ? shown : shown.slice(0, last)).map(async (container) => ({
      container,
      image: shownImage(deps, container),
      ...(request.sizes && { sizes: await sizesOf(deps, container) }),
    })),
  );
}

async function tendAll(deps: ContainerDeps): Promise<void> {
  await clearLeftovers(deps);
  const mounted = await mountedDirectories(deps);
  for (const stored of deps.store.metadata.listContainers())
    await tend(deps, recordOf(stored), mounted.has(directoryName(stored.id)));
}

function shownImage({ store }: ContainerDeps, { imageId, imageName }: ContainerRecord): string {
  try {
    return resolveImage(store.metadata, imageName).facts.id === imageId ? imageName : imageId;
  } catch (error) {
    if (isWherryError(error, 'IMAGE_UNKNOWN')) return imageId;
    throw error;
  }
}

/** Measures what a container changed. */
export async function sizesOf(
  { store }: ContainerDeps,
  { id, imageId }: ContainerRecord,
): Promise<ContainerSizes> {
  const changedBytes = await bytesBelow(containerPlaces(store.root, id).upper);
  const image = store.metadata.findImage(imageId as Digest);
  return { changedBytes, totalBytes: changedBytes + (image?.size ?? 0) };
}
