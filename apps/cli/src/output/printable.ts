// Names, comments and messages come from registries: no escape sequence of theirs may reach the terminal.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL_BUT_NEWLINE = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/g;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL_BUT_TAB = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL_BUT_LAYOUT = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** The text on one line, with every control character made a space. */
export function oneLine(text: string): string {
  return text.replace(CONTROL, ' ');
}

/** The text with its lines, and every other control character made a space. */
export function printable(text: string): string {
  return text.replace(CONTROL_BUT_NEWLINE, ' ');
}

/** JSON on one line, in which no control character, nor what ends a line somewhere, stands as itself. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\x7f-\x9f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The text of a table's row: every control character but the tab, which begins a cell, made a space. */
export function tableText(text: string): string {
  return text.replace(CONTROL_BUT_TAB, ' ');
}

/** The text with its lines and tabs, as in a file that somebody wrote; every other control character made a space. */
export function sourceText(text: string): string {
  return text.replace(CONTROL_BUT_LAYOUT, ' ');
}
