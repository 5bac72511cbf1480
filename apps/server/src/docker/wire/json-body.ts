import { type ByteSource, collect, isWherryError } from '@wherry/core';
import type { FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import { parseGoJson } from './go-json.ts';

/** No document of the Engine API comes near it; layers and contexts do not pass here. */
const MAX_JSON_BYTES = 4 << 20;

/** The members of a JSON object whose types nobody has looked at yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The bytes a client sends, as they come. A reader that stops early leaves the connection alone. */
export function bodyOf(request: FastifyRequest): ByteSource {
  return { [Symbol.asyncIterator]: () => request.raw.iterator({ destroyOnReturn: false }) };
}

/** Tells whether a request came with a body. */
export function hasBody({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * Reads a body that must be one JSON object. Throws an `ApiError` with Docker's text for another content
 * type, no body, or what is no object.
 */
export async function readJsonObject(request: FastifyRequest): Promise<JsonObject> {
  return (await readOptionalJsonObject(request)) ?? refuse(500, 'EOF');
}

/** As `readJsonObject`; `undefined` where there is no body. */
export async function readOptionalJsonObject(request: FastifyRequest): Promise<JsonObject | undefined> {
  const type = request.headers['content-type'] ?? '';
  if (type !== '' && !/^\s*application\/json\s*(?:;|$)/i.test(type))
    refuse(400, `Content-Type specified (${type}) must be 'application/json'`);
  const text = await readText(request);
  if (text.trim() === '') return undefined;
  if (type === '') refuse(400, "Content-Type specified () must be 'application/json'");
  const value = parseGoJson(text, 500);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  if (value === null) return {};
  return refuse(500, `json: cannot unmarshal ${goKind(value)} into Go value of type object`);
}

/** What Go calls the kind of a JSON value. */
export function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

async function readText(request: FastifyRequest): Promise<string> {
  try {
    return Buffer.from(await collect(bodyOf(request), MAX_JSON_BYTES)).toString('utf8');
  } catch (error) {
    if (isWherryError(error, 'TOO_LARGE', 'SIZE_MISMATCH')) refuse(413, 'http: request body too large');
    throw error;
  }
}

function refuse(status: number, message: string): never {
  throw new ApiError(status, message);
}
