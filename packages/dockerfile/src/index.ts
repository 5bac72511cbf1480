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
export type * from './instruction.ts';
export { parseMount } from './instructions/mount.ts';
export { type ParseOptions, parseDockerfile, parseTrigger } from './parse.ts';
