export {
  cleanPath,
  type IgnoreFileOptions,
  type IgnorePattern,
  parseIgnoreFile,
} from './ignore/ignore-file.ts';
export { type IgnoreDirectory, IgnoreMatcher, type IgnoreVerdict } from './ignore/ignore-matcher.ts';
export { IgnorePatternError } from './ignore/pattern-set.ts';
export type * from './instruction.ts';
