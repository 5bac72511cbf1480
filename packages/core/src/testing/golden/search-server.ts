import { type ScriptedServer, startScriptedServer } from '../scripted-server.ts';

/** A repository as a search server tells of it. */
export interface Searchable {
  readonly name: string;
  readonly [field: string]: unknown;
}

const PAGE = 25;

/** Starts a server that finds what the recorded one found: names that contain the term, in its order. */
export async function startSearchServer(searchable: readonly Searchable[]): Promise<ScriptedServer> {
  return await startScriptedServer(({ url }) => {
    if (url.pathname !== '/v1/search') return { body: { standalone: false } };
    const query = url.searchParams.get('q') ?? '';
    if (query === 'boom') return { status: 500, body: 'oops' };
    if (query === 'badjson') return { body: '{"results": [' };
    const size = Number(url.searchParams.get('n') ?? PAGE);
    const term = query.replace(/^library\//, '');
    const results = searchable.filter(({ name }) => name.includes(term)).slice(0, size);
    return {
      body: { num_pages: 1, num_results: results.length, results, page_size: size, query, page: 1 },
    };
  });
}
