export { readTar, type TarFile } from './reader.ts';
export type { EntryType, TarEntry, TarScanner } from './scanner.ts';
export { TsTarScanner } from './ts-tar-scanner.ts';
export {
  encodeTarHeader,
  type TarEntryInit,
  type TarItem,
  tarEnd,
  tarPadding,
  writeTar,
  writeTarEntry,
} from './writer.ts';
