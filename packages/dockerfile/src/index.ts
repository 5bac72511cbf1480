export type { EscapeCharacter } from './characters.ts';
export { DockerfileError, type DockerfileErrorKind, excerpt } from './errors.ts';
export {
  type ExpandOptions,
  expandHeredoc,
  expandWord,
  expandWords,
  type Variables,
  variablesIn,
} from './expand/expand.ts';
export {
  cleanPath,
  type IgnoreFileOptions,
  type IgnorePattern,
  parseIgnoreFile,
} from './ignore/ignore-file.ts';
export { type IgnoreDirectory, IgnoreMatcher, type IgnoreVerdict } from './ignore/ignore-matcher.ts';
export { IgnorePatternError } from './ignore/pattern-set.ts';
export type * from './instruction.ts';
export { parseMount } from './instructions/mount.ts';
export { type ParseOptions, parseDockerfile, parseTrigger } from './parse.ts';
