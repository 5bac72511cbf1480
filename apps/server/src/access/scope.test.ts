import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatScope, parseScopes } from './scope.ts';

test.each([
  { text: 'repository:team/app:pull', want: { type: 'repository', name: 'team/app', actions: ['pull'] } },
  {
    text: 'repository:r.io:5000/team/app:pull,push',
    want: { type: 'repository', name: 'r.io:5000/team/app', actions: ['pull', 'push'] },
  },
  { text: 'repository(plugin):a:pull', want: { type: 'repository', name: 'a', actions: ['pull'] } },
  { text: 'registry:catalog:*', want: { type: 'registry', name: 'catalog', actions: ['*'] } },
  { text: 'repository:a:pull,pull', want: { type: 'repository', name: 'a', actions: ['pull'] } },
  { text: 'repository:a:', want: { type: 'repository', name: 'a', actions: [] } },
])('a scope is read from $text', ({ text, want }) => {
  expect(parseScopes([text])).toEqual([want]);
});

test('several scopes stand in one text, or in several', () => {
  const names = (texts: string[]) => parseScopes(texts).map(({ name }) => name);
  expect(names(['repository:a:pull  repository:b:pull', 'repository:c:pull', ''])).toEqual(['a', 'b', 'c']);
});

test.each([
  'repository',
  'repository:a',
  ':a:pull',
  'repository::pull',
  'REPOSITORY:a:pull',
  'repository:a:b:c:pull',
  'repository:a:PULL',
  'repository:a:pull;push',
  `repository:${'a'.repeat(1100)}:pull`,
])('%j is no scope', (text) => {
  expect(() => parseScopes([text])).toThrow('invalid scope');
});

test('more scopes than any client needs are refused', () => {
  expect(() => parseScopes(new Array(101).fill('repository:a:pull'))).toThrow('101 scopes, the limit is 100');
});

test('what is written is read as what it was', () => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/);
  const name = fc.stringMatching(/^[a-z0-9._/-]{1,20}(:[a-z0-9._/-]{1,20})?$/);
  const scope = fc.record({ type: word, name, actions: fc.uniqueArray(word, { maxLength: 4 }) });
  fc.assert(
    fc.property(fc.array(scope, { maxLength: 5 }), (scopes) => {
      expect(parseScopes([scopes.map(formatScope).join(' ')])).toEqual(scopes);
    }),
    { seed: 20_260_613, numRuns: 300 },
  );
});
