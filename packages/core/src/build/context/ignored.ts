import { cleanPath, type IgnoreDirectory, type IgnoreVerdict } from '@wherry/dockerfile';
import { WherryError } from '../../errors.ts';
import type { SourceNode } from '../source-tree.ts';
import { shownPath } from './disk-path.ts';
import type { IgnoreRules } from './ignore-rules.ts';

/** Whether a path is left out of a build context, and what says so. */
export interface IgnoreDecision {
  /** From the root of the context. */
  readonly path: string;
  readonly isExcluded: boolean;
  /** The line that decided; absent: none has a say. */
  readonly rule?: { readonly file: string; readonly line: number; readonly pattern: string };
}

/** Decides about one path, relative to the context. Throws `INVALID_ARGUMENT` for one that leads out of it. */
export function decideIgnored(rules: IgnoreRules, path: string): IgnoreDecision {
  const cleaned = cleanPath(path);
  if (cleaned.startsWith('/') || cleaned === '..' || cleaned.startsWith('../'))
    throw new WherryError('INVALID_ARGUMENT', `${path} is outside of the build context`);
  return cleaned === '.'
    ? { path: cleaned, isExcluded: false }
    : decision(rules, cleaned, rules.matcher.judge(cleaned));
}

/**
 * Lists what is left out of a tree that was walked without rules, in the order of paths. What is in a directory that
 * is left out as a whole is not listed one by one.
 */
export function* listIgnored(rules: IgnoreRules, root: SourceNode): Generator<IgnoreDecision> {
  yield* listIn(rules, root, rules.matcher.root, '');
}

function* listIn(
  rules: IgnoreRules,
  directory: SourceNode,
  ignore: IgnoreDirectory,
  prefix: string,
): Generator<IgnoreDecision> {
  for (const [name, child] of [...(directory.children ?? [])].sort(byName)) {
    const shown = shownPath(name);
    const path = `${prefix}${shown}`;
    const verdict = ignore.judge(shown);
    if (verdict.isExcluded) yield decision(rules, path, verdict);
    if (child.type !== 'directory') continue;
    const inside = ignore.enter(shown);
    if (!verdict.isExcluded || inside.mayReincludeBelow) yield* listIn(rules, child, inside, `${path}/`);
  }
}

function decision({ file }: IgnoreRules, path: string, verdict: IgnoreVerdict): IgnoreDecision {
  const { isExcluded, decidedBy } = verdict;
  if (decidedBy === undefined) return { path, isExcluded };
  return { path, isExcluded, rule: { file, line: decidedBy.line, pattern: decidedBy.text } };
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
