import type { RegistryService } from '@wherry/core';

/** What the blob routes ask of the store. */
export type BlobBackend = Pick<RegistryService, 'findBlob' | 'readBlob'>;
/** What the upload routes ask of it. */
export type UploadBackend = Pick<
  RegistryService,
  'findBlob' | 'putBlob' | 'startUpload' | 'uploadOffset' | 'appendUpload' | 'commitUpload' | 'cancelUpload'
>;
/** What the manifest routes ask of it. */
export type ManifestBackend = Pick<RegistryService, 'findManifest' | 'readManifest' | 'putManifest'>;
/** What the tag list asks of it. */
export type TagBackend = Pick<RegistryService, 'listTags'>;
/** What the list of repositories asks of it. */
export type CatalogBackend = Pick<RegistryService, 'listRepositories'>;

/** What the registry's routes ask of the store, all together. */
export interface RegistryBackend
  extends BlobBackend,
    UploadBackend,
    ManifestBackend,
    TagBackend,
    CatalogBackend {}
