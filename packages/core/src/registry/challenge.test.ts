import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseChallenges, parseNextLink, parseWarnings } from './challenge.ts';

describe('challenges', () => {
  test.each([
    {
      name: 'Docker Hub',
      header:
        'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
      expected: [
        [
          'bearer',
          {
            realm: 'https://auth.docker.io/token',
            service: 'registry.docker.io',
            scope: 'repository:a/b:pull,push',
          },
        ],
      ],
    },
    { name: 'Basic', header: 'Basic realm="a \\"b\\""', expected: [['basic', { realm: 'a "b"' }]] },
    {
      name: 'two schemes in one header',
      header: 'Basic realm="x", BEARER Realm = "y" , service=z',
      expected: [
        ['basic', { realm: 'x' }],
        ['bearer', { realm: 'y', service: 'z' }],
      ],
    },
    { name: 'a scheme alone', header: 'Negotiate', expected: [['negotiate', {}]] },
    { name: 'a parameter given twice', header: 'Bearer a=1,a=2', expected: [['bearer', { a: '1' }]] },
    { name: 'an unclosed string', header: 'Bearer realm="x', expected: [['bearer', { realm: 'x' }]] },
    { name: 'nothing', header: ' , ,', expected: [] },
  ])('$name', ({ header, expected }) => {
    const found = parseChallenges(header).map(({ scheme, parameters }) => [
      scheme,
      Object.fromEntries(parameters),
    ]);
    expect(found).toEqual(expected);
  });

  test('are read back from what was written, whatever stands between', () => {
    const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
    const parameters = fc.dictionary(token, fc.string({ unit: 'binary-ascii' }), { minKeys: 1 });
    fc.assert(
      fc.property(fc.array(fc.record({ scheme: token, parameters }), { minLength: 1 }), (wanted) => {
        const header = wanted
          .map(({ scheme, parameters }) => {
            const written = Object.entries(parameters).map(
              ([k, v]) => `${k}="${v.replace(/[\\"]/g, '\\$&')}"`,
            );
            return `${scheme} ${written.join(', ')}`;
          })
          .join(', ');
        const found = parseChallenges(header).map((one) => ({
          scheme: one.scheme,
          parameters: Object.fromEntries(one.parameters),
        }));
        expect(found).toEqual(
          wanted.map(({ scheme, parameters }) => ({ scheme, parameters: { ...parameters } })),
        );
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('come out of any text without an error', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 200 }), (text) => {
        parseChallenges(text);
        parseNextLink(text);
        parseWarnings(text);
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

describe('links', () => {
  test.each([
    { header: '</v2/a/tags/list?last=b&n=2>; rel="next"', next: '/v2/a/tags/list?last=b&n=2' },
    { header: '<https://r.io/x>;rel=next', next: 'https://r.io/x' },
    { header: '<a>; rel="prev", <b>; title="x, <y>"; rel="last next"', next: 'b' },
    { header: '<a>; REL="Next"', next: 'a' },
    { header: '<a>; rel="prev"', next: undefined },
    { header: '<a; rel="next"', next: undefined },
    { header: '', next: undefined },
  ])('$header leads to $next', ({ header, next }) => {
    expect(parseNextLink(header)).toBe(next);
  });

  test('are read back from what was written', () => {
    const target = fc.stringMatching(/^\/[a-z0-9/?&=%,;-]{0,40}$/);
    fc.assert(
      fc.property(fc.array(target), target, (others, next) => {
        const header = [...others.map((other) => `<${other}>; rel="prev"`), `<${next}>; rel="next"`].join(
          ', ',
        );
        expect(parseNextLink(header)).toBe(next);
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

test('warnings are those of code 299 without an agent', () => {
  expect(parseWarnings('299 - "one, two", 199 - "not this", 299 - "a \\"b\\""')).toEqual([
    'one, two',
    'a "b"',
  ]);
});
