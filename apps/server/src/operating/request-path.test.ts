import { expect, test } from 'vitest';
import { requestIds } from './request-id.ts';
import { loggablePath } from './request-path.ts';

test.each([
  { name: 'a path', url: '/v2/a/tags/list?n=2&last=x', want: '/v2/a/tags/list?n=2&last=x' },
  {
    name: 'a token',
    url: '/x?n=1&access_token=hunter2&last=',
    want: '/x?n=1&access_token=(not shown)&last=',
  },
  { name: 'an encoded name', url: '/x?%74oken=hunter2', want: '/x?%74oken=(not shown)' },
  {
    name: 'arguments of a build',
    url: '/build?t=a&buildargs=%7B%7D',
    want: '/build?t=a&buildargs=(not shown)',
  },
  { name: 'an address', url: '/build?remote=https://me:hunter2@x', want: '/build?remote=(not shown)' },
  { name: 'a parameter without a value', url: '/x?token&&', want: '/x?token&&' },
  { name: 'a value with an equals sign', url: '/x?password=a=hunter2', want: '/x?password=(not shown)' },
  { name: 'a long one', url: `/${'x'.repeat(2000)}`, want: `/${'x'.repeat(999)}…` },
])('$name', ({ url, want }) => expect(loggablePath(url)).toBe(want));

test.each([
  { name: 'a sane ID is kept', given: 'f81d4fae-7dec', want: 'f81d4fae-7dec' },
  { name: 'one with a space is not', given: 'a b', want: 'p-1' },
  { name: 'an empty one is not', given: '', want: 'p-1' },
  { name: 'a long one is not', given: 'x'.repeat(129), want: 'p-1' },
  { name: 'none is made', given: undefined, want: 'p-1' },
])('$name', ({ given, want }) => {
  const idOf = requestIds('p');
  expect(idOf({ headers: { 'x-request-id': given } } as never)).toBe(want);
});
