import { join } from 'node:path';

/**
 * Where a store keeps what builds need besides layers:
 *
 *     build/files/<key>.zst    the files of a cached step, for who explains a miss or makes its next layer
 *     build/contexts/              digests of the files of contexts, for builds to come
 *     build/mounts/<name>/     a cache mount of RUN
 *     build/scratch/<uuid>/    what one build has on its way, with <uuid>.lock beside it
 *     build/scratch/<key>.lock held by who makes the step of this key
 */
export class BuildPlaces {
  readonly directory: string;
  readonly files: string;
  readonly contexts: string;
  readonly mounts: string;
  readonly scratch: string;

  constructor(root: string) {
    this.directory = join(root, 'build');
    this.files = join(this.directory, 'files');
    this.contexts = join(this.directory, 'contexts');
    this.mounts = join(this.directory, 'mounts');
    this.scratch = join(this.directory, 'scratch');
  }
}
