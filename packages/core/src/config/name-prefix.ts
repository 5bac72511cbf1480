import type { Reference } from '../reference.ts';

/** Tells whether `text` is `[scheme://]host[:port][/path]`. */
export function isLocation(text: string): boolean {
  return /^(?:https?:\/\/)?(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?(?:\/[a-z0-9._/-]*)?$/.test(text);
}

/** Tells whether `text` may stand for the names below it: `host[:port][/path]`, or `*.host`. */
export function isPrefix(text: string): boolean {
  return isLocation(text.replace(/^\*\./, '')) && !text.includes('://');
}

/** What of the name `prefix` stands for: the prefix itself, or the domain for `*.host`. */
export function matchedPart(ref: Reference, prefix: string): string | undefined {
  if (prefix.startsWith('*.')) return ref.domain.endsWith(prefix.slice(1)) ? ref.domain : undefined;
  const name = `${ref.domain}/${ref.path}`;
  if (!name.startsWith(prefix)) return undefined;
  return name.length === prefix.length || name[prefix.length] === '/' ? prefix : undefined;
}

/** The rule with the longest prefix that stands for the name; the first of equals. */
export function longestMatch<Rule extends { readonly prefix: string }>(
  ref: Reference,
  rules: readonly Rule[],
): Rule | undefined {
  let best: Rule | undefined;
  for (const rule of rules) {
    if (matchedPart(ref, rule.prefix) === undefined) continue;
    if (best === undefined || rule.prefix.length > best.prefix.length) best = rule;
  }
  return best;
}
