import type { FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';

const FALSE_WORDS = new Set(['', '0', 'no', 'false', 'none']);
const INTEGER = /^[+-]?\d+$/;

/** The parameters of a request's query, read as Docker reads them. */
export class Query {
  readonly #values: Readonly<Record<string, string | string[] | undefined>>;

  constructor(request: Pick<FastifyRequest, 'query'>) {
    this.#values = request.query as Record<string, string | string[] | undefined>;
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  /** Every value, in order. */
  all(name: string): string[] {
    const value = this.#values[name];
    return value === undefined ? [] : Array.isArray(value) ? value : [value];
  }

  /** The first value; empty without one. */
  text(name: string): string {
    return this.all(name)[0] ?? '';
  }

  /** Anything but nothing, `0`, `no`, `false` and `none` is true. */
  flag(name: string, absent = false): boolean {
    return this.has(name) ? !FALSE_WORDS.has(this.text(name).trim().toLowerCase()) : absent;
  }

  /** A whole number; `undefined` without one. Throws an `ApiError` with Docker's text for anything else. */
  integer(name: string): number | undefined {
    const text = this.text(name);
    if (text === '') return undefined;
    const value = INTEGER.test(text) ? Number(text) : undefined;
    if (value !== undefined && Number.isSafeInteger(value)) return value;
    throw new ApiError(500, `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
}
