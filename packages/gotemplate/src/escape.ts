import { isPrintable } from './unicode.ts';
import { encodeUtf8, toRune } from './utf8.ts';

const HTML: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

/** Text for HTML, as Go's `template.HTMLEscapeString`. */
export function escapeHtml(text: string): string {
  return text.replace(/[\0"'&<>]/g, (character) => HTML[character] ?? character);
}

const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0');

/** Text for a JavaScript string, as Go's `template.JSEscapeString`. */
export function escapeJs(text: string): string {
  let out = '';
  for (const character of text) {
    const rune = toRune(character.codePointAt(0) ?? 0);
    if ('\\\'"'.includes(character)) out += `\\${character}`;
    else if (rune < 0x20 || '<>&='.includes(character)) out += `\\u${hex(rune, 4)}`;
    else if (rune < 0x80 || isPrintable(rune)) out += character;
    else out += `\\u${hex(rune, 4)}`;
  }
  return out;
}

/** Text for the query of a URL, as Go's `url.QueryEscape`. */
export function escapeQuery(text: string): string {
  let out = '';
  for (const byte of encodeUtf8(text)) {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9\-_.~]/.test(character)) out += character;
    else out += character === ' ' ? '+' : `%${hex(byte, 2)}`;
  }
  return out;
}
