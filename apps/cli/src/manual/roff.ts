/** What stands for characters that roff, or a terminal's font, reads otherwise. groff_char(7). */
const GLYPHS: Readonly<Record<string, string>> = {
  '\\': '\\(rs',
  '-': '\\-',
  "'": '\\(aq',
  '"': '\\(dq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
};

/** A text as roff prints it, letter by letter. Its lines stay lines of the source. */
export function escapeText(text: string): string {
  return (
    text
      .replace(/[\\\-'"`^~]/g, (character) => GLYPHS[character] ?? character)
      .replace(/[^\n -~]/gu, (character) => `\\[u${codeOf(character)}]`)
      // A line that begins with a dot would be a request.
      .replace(/^\./gm, '\\&.')
  );
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}

/** A request or macro with its arguments, each quoted. */
export function request(name: string, ...args: string[]): string {
  return [`.${name}`, ...args.map((text) => `"${escapeText(text)}"`)].join(' ');
}

export function bold(text: string): string {
  return `\\fB${escapeText(text)}\\fR`;
}

export function italic(text: string): string {
  return `\\fI${escapeText(text)}\\fR`;
}

/** A text whose line ends are kept. */
export function lines(text: string): string {
  return escapeText(text).replaceAll('\n', '\n.br\n');
}
