import { stat } from 'node:fs/promises';
import { WherryError } from '../../errors.ts';
import type { LayerPassPool } from '../../layer/pass-pool.ts';
import { INDEX_FILE } from '../../oci/layout.ts';
import type { Platform } from '../../platform.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import type { CopySource, CopyTarget } from './copy-ends.ts';
import { type CopyPlace, formatCopyPlace, missingFile } from './copy-place.ts';
import { registrySource, registryTarget } from './registry-end.ts';

export interface OpenEndsDeps {
  readonly registry: RegistryClient;
  readonly host: Platform;
  readonly jobs: number;
  /** Threads that look into layers: for archives whose layers have no digests yet. */
  readonly loadPasses: () => Promise<() => LayerPassPool>;
}

/** Opens the end that gives. Throws `FILE_NOT_FOUND`, `INVALID_ARCHIVE`, `INVALID_TAR`. */
export async function openSource(
  deps: OpenEndsDeps,
  asked: CopyPlace,
  signal: AbortSignal,
): Promise<CopySource> {
  const place = asked.kind === 'path' ? await recognised(asked.path) : asked;
  switch (place.kind) {
    case 'registry':
      return registrySource(deps.registry, place.ref, signal);
    case 'oci':
    case 'oci-archive': {
      const { openLayoutArchive, openLayoutDirectory } = await import('./layout-files.ts');
      const { layoutSource } = await import('./layout-source.ts');
      const open = place.kind === 'oci' ? openLayoutDirectory : openLayoutArchive;
      return closingOnFailure(await open(place.path), (files) => layoutSource(files, place.name));
    }
    case 'docker-archive': {
      const { dockerArchiveSource } = await import('./docker-archive-source.ts');
      const passes = await deps.loadPasses();
      return dockerArchiveSource({ ...deps, passes }, place.path, place.name, signal);
    }
  }
}

/** Opens the end that takes. Throws `INVALID_ARGUMENT` for a bare path, `FILE_NOT_FOUND` for a missing directory. */
export async function openTarget(
  deps: OpenEndsDeps,
  place: CopyPlace,
  signal: AbortSignal,
): Promise<CopyTarget> {
  switch (place.kind) {
    case 'registry':
      return registryTarget(deps.registry, place.ref, signal);
    case 'oci': {
      const { layoutTarget } = await import('./layout-target.ts');
      return layoutTarget(place.path, place.name, signal);
    }
    case 'oci-archive':
    case 'docker-archive': {
      const { archiveTarget } = await import('./archive-target.ts');
      const docker = place.kind === 'docker-archive' ? { docker: { host: deps.host } } : {};
      return archiveTarget(place.path, { ...(place.name !== undefined && { name: place.name }), ...docker });
    }
    case 'path':
      throw new WherryError('INVALID_ARGUMENT', `what is to be written at ${formatCopyPlace(place)}?`, {
        hint: `say oci:${place.path}, oci-archive:${place.path} or docker-archive:${place.path}`,
      });
  }
}

async function closingOnFailure<R extends AsyncDisposable, T>(
  resource: R,
  work: (resource: R) => Promise<T>,
): Promise<T> {
  try {
    return await work(resource);
  } catch (error) {
    await resource[Symbol.asyncDispose]();
    throw error;
  }
}

/** What lies at a path: a layout, in a directory or in a tar, or else an archive of `docker save`'s. */
async function recognised(path: string): Promise<Exclude<CopyPlace, { kind: 'path' }>> {
  if (await isDirectory(path)) return { kind: 'oci', path };
  const { openLayoutArchive } = await import('./layout-files.ts');
  await using files = await openLayoutArchive(path);
  // A `docker save` of today is both; as a layout it keeps the image's digest.
  const isLayout = (await files.size(INDEX_FILE)) !== undefined;
  return { kind: isLayout ? 'oci-archive' : 'docker-archive', path };
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw missingFile(cause, path);
  }
}
