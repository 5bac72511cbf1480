const ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

/** Go's `%q` of a list of texts: `["a" "b"]`. */
export function goQuotedStrings(texts: readonly string[]): string {
  return `[${texts.map(goQuoted).join(' ')}]`;
}

/** Go's `%q` of a text. */
function goQuoted(text: string): string {
  return `"${[...text].map((character) => (character === '"' ? '\\"' : escaped(character))).join('')}"`;
}

/** Go's `%q` of a whole number, which it takes for a character: `'\x02'` for 2. */
export function goQuotedRune(number: number): string {
  const character = String.fromCodePoint(Math.min(Math.max(number, 0), 0x10ffff));
  return `'${character === "'" ? "\\'" : escaped(character)}'`;
}

function escaped(character: string): string {
  const short = ESCAPES[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character)) return character;
  const digits = code.toString(16);
  if (code < 0x80) return `\\x${digits.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
}

const NANOSECONDS = [
  { unit: 'h', size: 3600e9 },
  { unit: 'm', size: 60e9 },
] as const;

/** Go's text of a duration in nanoseconds: `1m30s`, `1.5s`, `500ms`, `0s`. */
export function goDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s';
  if (nanoseconds < 1e9) {
    const [unit, size] = nanoseconds < 1e3 ? ['ns', 1] : nanoseconds < 1e6 ? ['µs', 1e3] : ['ms', 1e6];
    return `${nanoseconds / (size as number)}${unit}`;
  }
  let rest = nanoseconds;
  let text = '';
  for (const { unit, size } of NANOSECONDS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (text !== '' || count > 0) text += `${count}${unit}`;
  }
  return `${text}${rest / 1e9}s`;
}
