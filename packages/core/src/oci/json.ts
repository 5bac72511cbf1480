import { type Digest, parseDigest } from '../digest.ts';
import { isWherryError, WherryError } from '../errors.ts';

/**
 * Readers of JSON values. `at` says where a value stands, beginning with the document's name, such as
 * `manifest.layers[3].size`; `null` counts as absent. All throw `INVALID_DOCUMENT`.
 */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Above what registries take for a manifest, and far above any real config. */
const MAX_DOCUMENT_BYTES = 16 << 20;
/** Nobody's document is nested this deep; recursive readers of one that is would run out of stack. */
const MAX_DEPTH = 64;

/** Reads a document whose top is an object. Throws `INVALID_DOCUMENT` also when it is too large or too deep. */
export function readJsonObject(bytes: Uint8Array, at: string): JsonObject {
  return objectAt(readJson(bytes, at), at);
}

/** Reads any JSON document, within bounds. */
export function readJson(bytes: Uint8Array, at: string): unknown {
  if (bytes.length > MAX_DOCUMENT_BYTES)
    throw invalid(at, `${bytes.length} bytes, want ${MAX_DOCUMENT_BYTES} at most`);
  checkDepth(bytes, at);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new WherryError('INVALID_DOCUMENT', `${at}: not JSON: ${firstLine(cause.message)}`, { cause });
  }
}

/** Tells whether a JSON text stops before its value does. */
export function endsEarly(text: string): boolean {
  const outsideStrings = text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/gs, '');
  const opened = outsideStrings.match(/[[{]/g)?.length ?? 0;
  const closed = outsideStrings.match(/[\]}]/g)?.length ?? 0;
  return text.trim() === '' || outsideStrings.includes('"') || opened > closed;
}

export function objectAt(value: unknown, at: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(at, `${kindOf(value)}, want an object`);
  return value as JsonObject;
}

export function arrayAt(value: unknown, at: string, maxLength: number): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(at, `${kindOf(value)}, want a list`);
  if (value.length > maxLength) throw invalid(at, `${value.length} entries, want ${maxLength} at most`);
  return value;
}

export function stringAt(value: unknown, at: string): string {
  if (typeof value !== 'string') throw invalid(at, `${kindOf(value)}, want a text`);
  return value;
}

export function optionalStringAt(value: unknown, at: string): string | undefined {
  return value === undefined || value === null ? undefined : stringAt(value, at);
}

export function stringsAt(value: unknown, at: string, maxLength: number): readonly string[] {
  return arrayAt(value, at, maxLength).map((item, index) => stringAt(item, `${at}[${index}]`));
}

/** A map from text to text, such as annotations or labels. */
export function stringMapAt(value: unknown, at: string): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined;
  const entries = Object.entries(objectAt(value, at));
  return Object.fromEntries(
    entries.map(([key, item]) => [key, stringAt(item, `${at}[${JSON.stringify(key)}]`)]),
  );
}

/** A number of bytes: a non-negative integer that a JavaScript number holds exactly. */
export function sizeAt(value: unknown, at: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw invalid(at, `${typeof value === 'number' ? value : kindOf(value)}, want a number of bytes`);
  return value;
}

/** Throws `UNSUPPORTED` for an algorithm that is not known here. */
export function digestAt(value: unknown, at: string): Digest {
  try {
    return parseDigest(stringAt(value, at));
  } catch (cause) {
    if (!isWherryError(cause, 'INVALID_DIGEST', 'UNSUPPORTED')) throw cause;
    const code = cause.code === 'UNSUPPORTED' ? 'UNSUPPORTED' : 'INVALID_DOCUMENT';
    throw new WherryError(code, `${at}: ${cause.message}`, { cause });
  }
}

const GO_ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** The bytes of a document, fields in the order given, characters escaped as Docker (Go) escapes them. */
export function writeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(jsonText(value));
}

/** As `writeJson`, as a text. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => GO_ESCAPES[character] ?? character,
  );
}

/** A copy with its keys in the order of their bytes, as Go writes maps. */
export function sortedByKey<T>(map: Readonly<Record<string, T>>): Record<string, T> {
  const encoder = new TextEncoder();
  const entries = Object.entries(map).map(([key, value]) => ({ key, value, bytes: encoder.encode(key) }));
  entries.sort((a, b) => compareBytes(a.bytes, b.bytes));
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let index = 0; index < shorter; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** The fault of a document: `at` is where, `fault` what is wrong there. */
export function invalid(at: string, fault: string): WherryError {
  return new WherryError('INVALID_DOCUMENT', `${at}: ${fault}`, { details: { at } });
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function checkDepth(bytes: Uint8Array, at: string): void {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (inString) {
      if (byte === BACKSLASH) index++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > MAX_DEPTH) throw invalid(at, `nested deeper than ${MAX_DEPTH} levels`);
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function firstLine(text: string): string {
  const line = text.split('\n', 1)[0] ?? '';
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}
