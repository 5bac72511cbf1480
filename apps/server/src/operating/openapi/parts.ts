/** The subset of OpenAPI 3.1 that the document is written in. */
export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Response>>;
  /** Empty: it takes no credentials. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly description?: string; readonly schema: Schema }>>;
  readonly content?: Content;
}

export type Content = Readonly<Record<string, { readonly schema: Schema }>>;
/** A JSON Schema of 2020-12. */
export type Schema = Readonly<Record<string, unknown>>;

export type HttpMethod = 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete';
export type Paths = Readonly<Record<string, Readonly<Partial<Record<HttpMethod, Operation>>>>>;

export const TEXT: Schema = { type: 'string' };
export const INTEGER: Schema = { type: 'integer' };
export const BYTES: Content = { 'application/octet-stream': { schema: {} } };

export function schemaRef(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

export function json(schema: Schema): Content {
  return { 'application/json': { schema } };
}

/** An answer that is a registry's error document. */
export function failure(description: string): Response {
  return { description, content: json(schemaRef('Errors')) };
}
