import type { FastifyRequest } from 'fastify';

/** What the `*` at the end of a route's path matched: a name has slashes. */
export function wildcard(request: FastifyRequest): string {
  return (request.params as { readonly '*': string })['*'];
}

/** Splits what `*` matched into a name and what is asked of it, which is the last part; both empty without. */
export function splitNamePath(request: FastifyRequest): { readonly name: string; readonly verb: string } {
  const path = wildcard(request);
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? { name: '', verb: '' } : { name: path.slice(0, slash), verb: path.slice(slash + 1) };
}
