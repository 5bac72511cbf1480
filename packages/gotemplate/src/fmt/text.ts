import { canBackquote, quote } from '../quote.ts';
import { encodeUtf8 } from '../utf8.ts';
import { type Flags, pad } from './flags.ts';

/** A string formatted for one of the verbs; `undefined` when the verb is none for strings. */
export function formatText(flags: Flags, text: string, verb: string): string | undefined {
  switch (verb) {
    case 'v':
      return flags.sharpV ? quoted(flags, text) : pad(flags, truncate(flags, text));
    case 's':
      return pad(flags, truncate(flags, text));
    case 'q':
      return quoted(flags, text);
    case 'x':
    case 'X':
      return formatBytes(flags, encodeUtf8(text), verb);
    default:
      return undefined;
  }
}

/** Cuts to the precision, in characters. */
function truncate({ precision }: Flags, text: string): string {
  return precision === undefined || text.length <= precision ? text : [...text].slice(0, precision).join('');
}

function quoted(flags: Flags, whole: string): string {
  const text = truncate(flags, whole);
  return pad(flags, flags.sharp && canBackquote(text) ? `\`${text}\`` : quote(text, flags.plus));
}

/** Bytes in hexadecimal. The precision counts bytes; `space` separates them, `sharp` prefixes with 0x. */
export function formatBytes(flags: Flags, bytes: Uint8Array, verb: 'x' | 'X'): string {
  const { precision, sharp, space } = flags;
  const digits = [...bytes.subarray(0, precision)].map((byte) => byte.toString(16).padStart(2, '0'));
  const prefix = sharp && digits.length > 0 ? '0x' : '';
  const text = prefix + digits.join(space ? ` ${prefix}` : '');
  return pad(flags, verb === 'X' ? text.toUpperCase() : text);
}
