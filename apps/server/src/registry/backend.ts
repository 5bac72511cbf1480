import type { RegistryService } from '@wherry/core';

/** What the blob routes ask of the store. */
export type BlobBackend = Pick<
  RegistryService,
  'findBlob' | 'readSmallBlob' | 'sendBlob' | 'blobPath' | 'deleteBlob'
>;
/** What the upload routes ask of it. */
export type UploadBackend = Pick<
  RegistryService,
  'mountBlob' | 'putBlob' | 'startUpload' | 'uploadOffset' | 'appendUpload' | 'commitUpload' | 'cancelUpload'
>;
/** What the manifest routes ask of it. */
export type ManifestBackend = Pick<
  RegistryService,
  'findManifest' | 'readManifest' | 'putManifest' | 'deleteManifest'
>;
/** What the tag list asks of it. */
export type TagBackend = Pick<RegistryService, 'listTags'>;
/** What the list of repositories asks of it. */
export type CatalogBackend = Pick<RegistryService, 'listRepositories'>;

/** What the list of referrers asks of it. */
export type ReferrerBackend = Pick<RegistryService, 'listReferrers'>;

/** What the search asks of it. */
export type SearchBackend = Pick<RegistryService, 'searchRepositories'>;

/** What the registry's routes ask of the store, all together. */
export interface RegistryBackend
  extends BlobBackend,
    UploadBackend,
    ManifestBackend,
    TagBackend,
    ReferrerBackend,
    SearchBackend,
    CatalogBackend {}
