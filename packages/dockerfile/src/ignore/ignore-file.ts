/** A pattern of an ignore file and where it stands. */
export interface IgnorePattern {
  /** As Docker reads it: trimmed, cleaned, without a leading slash; with its `!`. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

export interface IgnoreFileOptions {
  /** On Windows a backslash is a separator and escapes nothing. */
  readonly isWindows?: boolean;
}

/**
 * Reads a `.dockerignore`: a pattern a line, comments and empty lines left out. What is wrong with a pattern is found
 * when a matcher is made of it.
 */
export function parseIgnoreFile(bytes: Uint8Array, options: IgnoreFileOptions = {}): IgnorePattern[] {
  // The decoder takes a byte-order mark off, which Docker does too.
  const lines = new TextDecoder().decode(bytes).split('\n');
  const patterns: IgnorePattern[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('#')) continue;
    const trimmed = line.trim();
    if (trimmed === '') continue;
    const separated = options.isWindows ? trimmed.replaceAll('\\', '/') : trimmed;
    patterns.push({ text: normalizePattern(separated), line: index + 1 });
  }
  return patterns;
}

function normalizePattern(pattern: string): string {
  const isNegated = pattern.startsWith('!');
  let path = isNegated ? pattern.slice(1).trim() : pattern;
  if (path !== '') {
    path = cleanPath(path);
    if (path.length > 1 && path.startsWith('/')) path = path.slice(1);
  }
  return isNegated ? `!${path}` : path;
}

/** Works `.`, `..` and doubled slashes out in the text, as Go's `filepath.Clean` does. */
export function cleanPath(path: string): string {
  const isAbsolute = path.startsWith('/');
  const elements: string[] = [];
  for (const element of path.split('/')) {
    if (element === '' || element === '.') continue;
    if (element !== '..') elements.push(element);
    else if (elements.length > 0 && elements.at(-1) !== '..') elements.pop();
    else if (!isAbsolute) elements.push(element);
  }
  const joined = elements.join('/');
  return isAbsolute ? `/${joined}` : joined || '.';
}
