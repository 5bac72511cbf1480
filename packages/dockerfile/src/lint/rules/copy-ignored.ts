import type { LintWarning, StageInstruction } from '../../instruction.ts';
import { quote } from '../../quote.ts';
import type { LintContext } from '../facts.ts';
import { defineRule, finding } from '../rule.ts';
import { lookUp, type Scope, tryExpand } from '../scope.ts';

export const copyIgnoredFile = defineRule(
  'CopyIgnoredFile',
  'Attempting to Copy file that is excluded by .dockerignore',
  { isExperimental: true },
);

export function checkIgnoredSources(
  instruction: StageInstruction,
  scope: Scope,
  { dockerfile, facts }: LintContext,
): LintWarning[] {
  if (instruction.kind !== 'add' && instruction.kind !== 'copy') return [];
  if (instruction.kind === 'copy' && instruction.from !== undefined) return [];
  return instruction.sources
    .map((source) => tryExpand(source, (name) => lookUp(scope, name), dockerfile))
    .filter((source) => !isRemote(source))
    .map(contextPath)
    .filter((path) => path !== '' && facts.ignores?.(path))
    .map((path) => {
      const verb = instruction.kind === 'add' ? 'Add' : 'Copy';
      const message = `Attempting to ${verb} file ${quote(path)} that is excluded by .dockerignore`;
      return finding(copyIgnoredFile, message, instruction.location);
    });
}

/** A URL, or `git@host:path`. */
function isRemote(source: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/|^git@/i.test(source);
}

/** The path below the context, without `.` and `..`; empty for the context itself. */
function contextPath(source: string): string {
  const parts: string[] = [];
  for (const part of source.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}
