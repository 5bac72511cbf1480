import {
  bytesOf,
  fieldValue,
  isExported,
  mapEntries,
  mapLength,
  sliceElements,
  sliceLength,
} from './containers.ts';
import { unsignedText } from './fmt/float.ts';
import { sprint } from './fmt/printf.ts';
import { type GoType, named, string } from './go-type.ts';
import {
  complexOf,
  dig,
  GoValue,
  integerOf,
  isNil,
  numberOf,
  pointee,
  type Reflected,
  stringOf,
  toGo,
} from './go-value.ts';

/** Go's `json.Number`: a number as JSON wrote it, which Go treats as text. */
export const jsonNumber: GoType<string> = named('json.Number', string);

/**
 * Decodes JSON with its numbers as `json.Number`, as Docker does where it evaluates a template on an
 * object's JSON: they print as written, whatever their size. Throws a `SyntaxError`.
 */
export function decodeJson(text: string): unknown {
  const keepSource = (_key: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' ? new GoValue(jsonNumber, context?.source ?? String(value)) : value;
  return JSON.parse(text, keepSource);
}

export interface EncodeOptions {
  /** Whether `<`, `>` and `&` are escaped, as Go's `json.Marshal` does and Docker's `json` function does not. */
  readonly escapeHtml?: boolean;
}

/** Encodes data, a `GoValue` or plain, as Go's `encoding/json`. Throws with Go's message where that fails. */
export function encodeJson(data: unknown, { escapeHtml = false }: EncodeOptions = {}): string {
  const encoded = encode(toGo(data));
  // Outside of strings these do not occur.
  return escapeHtml ? encoded.replace(/[<>&]/g, unicodeEscape) : encoded;
}

function encode(reflected: Reflected): string {
  const value = dig(reflected);
  if (value === undefined) return 'null';
  const { marshalJson } = (value.type.kind === 'pointer' && value.type.element) || value.type;
  if (marshalJson !== undefined && !isNil(value)) return marshalJson(value.data as never);
  switch (value.type.kind) {
    case 'bool':
      return String(value.data === true);
    case 'string':
      return value.type.name === jsonNumber.name ? stringOf(value) || '0' : encodeText(stringOf(value));
    case 'float32':
    case 'float64':
      return encodeFloat(numberOf(value), value.type.kind === 'float32' ? 32 : 64);
    case 'slice':
      return encodeSlice(value);
    case 'map':
      return encodeMap(value);
    case 'struct':
      return `{${encodeFields(value).join(',')}}`;
    case 'pointer':
      return encode(pointee(value));
    case 'complex128':
    case 'func':
    case 'value':
    case 'interface':
      throw new Error(`json: unsupported type: ${value.type.name}`);
    default:
      return String(integerOf(value));
  }
}

const unicodeEscape = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A string in quotes. What is no UTF-8 becomes U+FFFD; the line separators of JavaScript are escaped. */
function encodeText(text: string): string {
  return JSON.stringify(text)
    .replace(/\\ud[89a-f][0-9a-f]{2}/g, (surrogate, offset: number, whole: string) =>
      isEscaped(whole, offset) ? surrogate : '\\ufffd',
    )
    .replace(/[\u2028\u2029]/g, unicodeEscape);
}

/** Whether the backslash at `offset` is the second of a pair, hence no escape itself. */
function isEscaped(text: string, offset: number): boolean {
  let before = 0;
  while (text[offset - before - 1] === '\\') before++;
  return before % 2 === 1;
}

function encodeFloat(number: number, bits: 32 | 64): string {
  if (!Number.isFinite(number)) throw new Error(`json: unsupported value: ${sprint([toGo(number)])}`);
  if (Object.is(number, -0)) return '-0';
  // The float64 that has the same digits as the float32 prints as that one should.
  return String(bits === 64 ? number : Math.sign(number) * Number(unsignedText(number, bits, 'e', -1)));
}

function encodeSlice(value: GoValue): string {
  if (isNil(value)) return 'null';
  if (value.type.element?.kind === 'uint8') return `"${base64(bytesOf(value))}"`;
  return `[${[...sliceElements(value)].map(encode).join(',')}]`;
}

function base64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function encodeMap(value: GoValue): string {
  if (isNil(value)) return 'null';
  // Go sorts by the key's text, numbers too.
  const entries = mapEntries(value).map(([key, element]) => [sprint([key]), element] as const);
  if (value.type.key?.kind !== 'string') entries.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  return `{${entries.map(([key, element]) => `${encodeText(key)}:${encode(element)}`).join(',')}}`;
}

/** The members of a struct, those of embedded structs in their place. */
function encodeFields(value: GoValue): string[] {
  return (value.type.fields ?? []).flatMap((field) => {
    const inner = fieldValue(value, field);
    if (field.isEmbedded) return embeddedFields(inner);
    if (field.isHidden || !isExported(field) || (field.omitEmpty && isEmpty(inner))) return [];
    return [`${encodeText(field.key)}:${encode(inner)}`];
  });
}

function embeddedFields(value: GoValue): string[] {
  const target = value.type.kind === 'pointer' ? pointee(value) : value;
  return target === undefined ? [] : encodeFields(target);
}

/** What `omitempty` leaves out: false, 0, nil and what has no elements; structs never. */
function isEmpty(value: GoValue): boolean {
  switch (value.type.kind) {
    case 'bool':
      return value.data !== true;
    case 'string':
      return stringOf(value) === '';
    case 'slice':
      return sliceLength(value) === 0;
    case 'map':
      return mapLength(value) === 0;
    case 'pointer':
    case 'interface':
    case 'func':
      return isNil(value);
    case 'float32':
    case 'float64':
      return numberOf(value) === 0;
    case 'complex128':
      return complexOf(value).real === 0 && complexOf(value).imaginary === 0;
    case 'struct':
    case 'value':
      return false;
    default:
      return !integerOf(value);
  }
}
