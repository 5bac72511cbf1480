/** Names that are compared: more would make a hostile list of them costly. */
const MAX_OPTIONS = 1000;

/** How many edits a suggestion may be away. */
const MAX_EDITS = 2;

/**
 * The closest of some names to one that is none of them, if close enough. `undefined` as well when it is one of
 * them: then the mistake is another.
 */
export function suggest(name: string, options: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestEdits = MAX_EDITS + 1;
  let compared = 0;
  for (const option of options) {
    if (option === name) return undefined;
    if (compared++ === MAX_OPTIONS) break;
    const edits = editDistance(name, option, bestEdits);
    if (edits >= bestEdits) continue;
    best = option;
    bestEdits = edits;
  }
  return best;
}

/** A message with its suggestion, in BuildKit's words. */
export function withSuggestion(message: string, suggestion: string | undefined): string {
  return suggestion === undefined ? message : `${message} (did you mean ${suggestion}?)`;
}

/** Levenshtein's distance, or `limit` when it is that or more. */
function editDistance(from: string, to: string, limit: number): number {
  if (Math.abs(from.length - to.length) >= limit) return limit;
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const substituted = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const shifted = Math.min(previous[column] ?? 0, current[column - 1] ?? 0) + 1;
      current.push(Math.min(substituted, shifted));
    }
    previous = current;
  }
  return Math.min(previous.at(-1) ?? limit, limit);
}
