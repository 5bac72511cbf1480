import { expect, test } from 'vitest';
import type { SearchQuery, SearchResult } from '../registry/registry-client.ts';
import type { SearchRequest } from './engine.ts';
import { search } from './search.ts';

const NONE = { description: '', starCount: 0, isOfficial: false, isAutomated: false };
const RESULTS: readonly SearchResult[] = [
  { ...NONE, name: 'official', starCount: 90, isOfficial: true },
  { ...NONE, name: 'automated', starCount: 9, isAutomated: true },
  { ...NONE, name: 'plain' },
];

/** Runs a search at a registry that finds everything; gives what was asked and the names that remain. */
async function run(request: SearchRequest) {
  const asked: SearchQuery[] = [];
  const registry = {
    search: async (query: SearchQuery) => {
      asked.push(query);
      return [...RESULTS];
    },
  };
  const found = await search({ registry }, request);
  return { asked, names: found.map(({ name }) => name) };
}

test.each([
  { term: 'nginx', domain: 'docker.io', want: 'nginx' },
  { term: '', domain: 'docker.io', want: '' },
  { term: 'library/nginx', domain: 'docker.io', want: 'nginx' },
  { term: 'docker.io/library/nginx', domain: 'docker.io', want: 'nginx' },
  { term: 'index.docker.io/nginx', domain: 'docker.io', want: 'nginx' },
  { term: 'Team/nginx', domain: 'docker.io', want: 'Team/nginx' },
  { term: 'localhost/nginx', domain: 'localhost', want: 'nginx' },
  { term: 'localhost:5000/library/nginx', domain: 'localhost:5000', want: 'library/nginx' },
  { term: '[::1]:5000/a/b', domain: '[::1]:5000', want: 'a/b' },
  { term: 'quay.io/', domain: 'quay.io', want: '' },
  { term: 'quay.io', domain: 'docker.io', want: 'quay.io' },
])('searches $term at $domain', async ({ term, domain, want }) => {
  expect((await run({ term })).asked).toEqual([{ domain, term: want, limit: 25 }]);
});

test.each([
  { term: 'https://quay.io/nginx', message: 'Invalid repository name (ex: "registry.domain.tld/myrepos")' },
  { term: '-a.b/nginx', message: 'invalid reference format' },
  { term: 'user@a.b/nginx', message: 'invalid reference format' },
])('refuses to search $term', async ({ term, message }) => {
  await expect(run({ term })).rejects.toMatchObject({ code: 'INVALID_REFERENCE', message });
});

test.each([
  { name: 'none', filters: {}, names: ['official', 'automated', 'plain'] },
  { name: 'stars', filters: { stars: ['9'] }, names: ['official', 'automated'] },
  { name: 'the most of stars', filters: { stars: ['1', '+90', '-5'] }, names: ['official'] },
  { name: 'official ones', filters: { 'is-official': ['true'] }, names: ['official'] },
  { name: 'others', filters: { 'is-official': ['0', '0'] }, names: ['automated', 'plain'] },
  { name: 'automated ones', filters: { 'is-automated': ['1'] }, names: ['automated'] },
  { name: 'all of them', filters: { 'is-automated': ['false'], stars: ['1'] }, names: ['official'] },
])('filters by $name', async ({ filters, names }) => {
  expect((await run({ term: 'a', filters })).names).toEqual(names);
});

test.each([
  { filters: { nosuch: ['1'] }, message: "Invalid filter 'nosuch'" },
  { filters: { stars: ['many'] }, message: "Invalid filter 'stars=many'" },
  { filters: { 'is-official': ['maybe'] }, message: "Invalid filter 'is-official=[maybe]'" },
  { filters: { 'is-automated': ['true', 'false'] }, message: "Invalid filter 'is-automated=[true false]'" },
  { filters: { 'is-official': [] }, message: "Invalid filter 'is-official=[]'" },
  { limit: 0, message: 'Limit 0 is outside the range of [1, 100]' },
  { limit: 101, message: 'Limit 101 is outside the range of [1, 100]' },
  { limit: Number.NaN, message: 'Limit NaN is outside the range of [1, 100]' },
])('refuses with $message', async ({ message, ...request }) => {
  await expect(run({ term: 'a', ...request })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
});

test('passes a limit on', async () => {
  expect((await run({ term: 'a', limit: 100 })).asked[0]?.limit).toBe(100);
});
