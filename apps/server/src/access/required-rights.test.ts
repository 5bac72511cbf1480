import { expect, test } from 'vitest';
import { parseEndpoint } from '../registry/endpoints.ts';
import { requireRight } from '../registry/rights.ts';
import type { Caller } from './caller.ts';
import { needOf, scopesOf } from './required-rights.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const DIGEST = `sha256:${'0'.repeat(64)}`;
const PATHS = [
  '',
  '_catalog',
  `a/b/blobs/${DIGEST}`,
  'a/b/manifests/1',
  'a/b/blobs/uploads/',
  'a/b/blobs/uploads/id',
  'a/b/tags/list',
  `a/b/referrers/${DIGEST}`,
];

test.each(METHODS.flatMap((method) => PATHS.map((path) => ({ method, path }))))(
  'what $method of "$path" needs is enough for the route',
  ({ method, path }) => {
    const need = needOf(method, path);
    const caller: Caller = {
      name: 'ada',
      may: (right, repository) =>
        need?.kind === 'repository' && need.right === right && need.name === repository,
      ownsStore: false,
      mayUseEngine: false,
    };
    const endpoint = parseEndpoint(path);
    expect(endpoint).toBeDefined();
    if (endpoint) expect(() => requireRight(caller, endpoint, method)).not.toThrow();
  },
);

test('what is no endpoint needs nothing, and fails by itself', () => {
  expect(needOf('GET', 'a/b/c')).toBeUndefined();
  expect(scopesOf(undefined)).toEqual([]);
});
