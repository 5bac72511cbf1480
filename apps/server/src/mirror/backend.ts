import {
  type Digest,
  isWherryError,
  type MirroredRepository,
  type MirrorService,
  type OpenBlob,
  WherryError,
} from '@wherry/core';
import type { RegistryBackend } from '../registry/backend.ts';
import { partialWarning, stalenessWarning } from './warnings.ts';

/** What the routes of a mirror ask of the core. */
export type MirrorBackend = Pick<
  MirrorService,
  | 'knows'
  | 'findManifest'
  | 'readManifest'
  | 'findBlob'
  | 'openBlob'
  | 'listTags'
  | 'listReferrers'
  | 'upstreams'
>;

/** One request for content of a mirrored repository. */
export interface MirroredRequest {
  readonly of: MirroredRepository;
  /** The name stands for the upstream's only because there is no repository of our own. */
  readonly isBareName: boolean;
  /** A HEAD: nobody reads the content. */
  readonly isHead: boolean;
  /** Gets the value of a `Warning` header. */
  readonly onWarning: (header: string) => void;
}

/**
 * A mirrored repository as the routes of the registry see it, for one request. It takes nothing: pushes are
 * the upstream's.
 */
export function mirroredRepositoryBackend(mirror: MirrorBackend, request: MirroredRequest): RegistryBackend {
  const { of, isHead, onWarning } = request;
  const opened = new Map<Digest, OpenBlob>();
  const asked = <T>(work: () => Promise<T>) => orUnknown(request, work);
  return {
    findBlob: (digest) =>
      asked(async () => {
        if (isHead) return mirror.findBlob(of, digest);
        const blob = await mirror.openBlob(of, digest);
        if (blob) opened.set(digest, blob);
        return blob;
      }),
    sendBlob: async ({ digest }, range, sink) => {
      const blob = opened.get(digest);
      if (!blob) throw new Error('a blob is found before it is sent');
      await blob.send(range, sink);
    },
    blobPath: ({ digest }) => opened.get(digest)?.path,
    // A small one is on its way already when it is found.
    readSmallBlob: async () => undefined,
    findManifest: (_name, reference) =>
      asked(async () => {
        const found = await mirror.findManifest(of, reference);
        if (found?.staleness) onWarning(stalenessWarning(of.upstream, found.staleness));
        return found?.descriptor;
      }),
    readManifest: (descriptor) => mirror.readManifest(descriptor),
    listTags: (_name, { last = '', limit = Number.POSITIVE_INFINITY } = {}) =>
      asked(async () => {
        const found = await mirror.listTags(of);
        if (found?.isPartial) onWarning(partialWarning(of.upstream));
        return found?.tags.filter((tag) => tag > last).slice(0, limit);
      }),
    listReferrers: (asking) => mirror.listReferrers(of, asking),
    ...refusals(of),
  };
}

/** Whoever uses a bare name may mean a repository of our own, which may come to be: it is not refused. */
async function orUnknown<T>({ isBareName }: MirroredRequest, work: () => Promise<T | undefined>) {
  try {
    return await work();
  } catch (error) {
    if (isBareName && isWherryError(error, 'DENIED')) return undefined;
    throw error;
  }
}

function refusals({ upstream, repository }: MirroredRepository) {
  const refuse = async (): Promise<never> => {
    throw new WherryError('DENIED', `${upstream}/${repository} is a mirror, which takes no pushes`, {
      hint: `push to ${upstream} itself`,
    });
  };
  return {
    putBlob: refuse,
    mountBlob: refuse,
    deleteBlob: refuse,
    deleteManifest: refuse,
    startUpload: refuse,
    uploadOffset: refuse,
    appendUpload: refuse,
    commitUpload: refuse,
    cancelUpload: refuse,
    putManifest: refuse,
    listRepositories: refuse,
    searchRepositories: refuse,
  };
}
