import type { BlobInfo } from '../../content/blob-store.ts';
import type { Digest } from '../../digest.ts';
import type { MetadataStore, RegistryCatalogStore } from '../../metadata/metadata-store.ts';
import type { Notifications, RegistryAction } from './housekeeping/notifications.ts';

/** What notifications call any blob. */
const MEDIA_TYPE = 'application/octet-stream';

export interface BlobLinksDeps {
  readonly metadata: Pick<MetadataStore, 'atomically'> &
    Pick<RegistryCatalogStore, 'linkBlobs' | 'unlinkBlob'>;
  /** Absent: nobody is told. */
  readonly notifications?: Pick<Notifications, 'isWanted' | 'tell'>;
}

/** Puts blobs into repositories and takes them out, and tells those who want to hear of it. */
export class BlobLinks {
  readonly #deps: BlobLinksDeps;

  constructor(deps: BlobLinksDeps) {
    this.#deps = deps;
  }

  link({ digest, size }: BlobInfo, repository: string): void {
    const { metadata } = this.#deps;
    this.#telling('push', { repository, digest, size }, () => metadata.linkBlobs(repository, [digest]));
  }

  unlink(digest: Digest, repository: string): void {
    const { metadata } = this.#deps;
    this.#telling('delete', { repository, digest }, () => metadata.unlinkBlob(repository, digest));
  }

  /** One transaction, which has to reach the disk, only where somebody hears of it. */
  #telling(
    action: RegistryAction,
    target: { readonly repository: string; readonly digest: Digest; readonly size?: number },
    change: () => void,
  ): void {
    const { metadata, notifications } = this.#deps;
    if (notifications?.isWanted(action, target.repository, 'blob'))
      metadata.atomically(() => {
        change();
        notifications.tell(action, { kind: 'blob', mediaType: MEDIA_TYPE, ...target });
      });
    else change();
  }
}
