/** For replays of recordings of Docker: their images, and the servers that they talked to. */
export { type ClassicImage, classicArchive, file, recordedImage } from './archives.ts';
export { type FileServer, startFileServer } from './file-server.ts';
export { makeFile, missingProgram, tiny } from './files.ts';
export {
  chainIDs,
  documentOf,
  type ManifestDocument,
  type RecordedImage,
  RecordedImages,
  type RecordedManifest,
  type RegistryContent,
  readRegistry,
  renamed,
  sha256,
} from './recorded-images.ts';
export { RecordedRegistries } from './registries.ts';
export { type Searchable, startSearchServer } from './search-server.ts';
export { factsOf, type ImageFacts, makeStandIns } from './stand-ins.ts';
