import { eastAsianWidth } from 'get-east-asian-width';

const ASCII = /^[\x20-\x7e]*$/;
const NO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Cells that a text takes in a terminal: two for a wide character, none for a combining one. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

function charWidth(char: string): number {
  return NO_WIDTH.test(char) ? 0 : eastAsianWidth(char.codePointAt(0) ?? 0);
}

/** The longest start of `text` that takes at most `cells`. */
export function clip(text: string, cells: number): string {
  if (ASCII.test(text)) return text.slice(0, Math.max(cells, 0));
  let width = 0;
  let end = 0;
  for (const char of text) {
    width += charWidth(char);
    if (width > cells) break;
    end += char.length;
  }
  return text.slice(0, end);
}

/** A text of at most `cells`; one that is longer ends in an ellipsis. docker/cli, `formatter.Ellipsis`. */
export function ellipsis(text: string, cells: number): string {
  return displayWidth(text) <= cells ? text : `${clip(text, cells - 1)}…`;
}
