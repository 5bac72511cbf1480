export type { EscapeCharacter } from './characters.ts';
export { type DurationResult, parseDuration } from './duration.ts';
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
export { type CheckOptions, parseCheckOptions } from './lint/check-options.ts';
export type { LintFacts } from './lint/facts.ts';
export { emptyContinuationNotice, formatBuildWarnings, formatCheck } from './lint/format.ts';
export { type LintOptions, lintDockerfile, lintFailure } from './lint/lint.ts';
export type { LintRule } from './lint/rule.ts';
export { LINT_RULES } from './lint/rule-table.ts';
export {
  decodeDockerfile,
  type ParseOptions,
  parseDockerfile,
  parseInstructions,
  parseTrigger,
} from './parse.ts';
export { BUILDKIT_ARGS, PLATFORM_ARGS, PREDEFINED_ARGS } from './predefined-args.ts';
export { findBaseStage, findSourceStage, isStageReference } from './stage-reference.ts';
