/**
 * Tells whether a name fits a pattern, in which `*` stands for any characters, none and `/` included, and `?` for
 * one. Takes no longer than pattern times name, whatever the pattern.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  let [at, star, resumed] = [0, -1, 0];
  let position = 0;
  while (position < name.length) {
    if (pattern[at] === '*') {
      star = at++;
      resumed = position;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[position])) {
      at++;
      position++;
    } else if (star >= 0) {
      // The last `*` takes one character more.
      at = star + 1;
      position = ++resumed;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

/** Tells whether a repository lies below a prefix, `team` or `team/app`; the empty one is above all. */
export function isBelow(prefix: string, repository: string): boolean {
  return prefix === '' || repository === prefix || repository.startsWith(`${prefix}/`);
}

/** The longest of the prefixes that `repository` lies below. */
export function closestPrefix<T extends { readonly prefix: string }>(
  rules: readonly T[],
  repository: string,
): T | undefined {
  return rules
    .filter(({ prefix }) => isBelow(prefix, repository))
    .reduce<T | undefined>(
      (best, rule) => (best === undefined || rule.prefix.length > best.prefix.length ? rule : best),
      undefined,
    );
}
