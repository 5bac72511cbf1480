import { describe, expect, test } from 'vitest';
import { booleanFilter, filterList, readFilters } from './filters.ts';
import { parseGoJson } from './go-json.ts';
import { Query } from './query.ts';
import { readRegistryAuth, readRegistryConfig } from './registry-auth.ts';

describe('faults in JSON have the words of Go', () => {
  test.each([
    ['{bad', "invalid character 'b' looking for beginning of object key string"],
    ['x', "invalid character 'x' looking for beginning of value"],
    ['', 'unexpected end of JSON input'],
    ['{"a":1', 'unexpected end of JSON input'],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 2}', "invalid character '2' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['tru1', "invalid character '1' in literal true (expecting 'e')"],
    ['"a\\q"', "invalid character 'q' in string escape code"],
    ['"a\\u00x0"', "invalid character 'x' in \\u hexadecimal character escape"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ["'", "invalid character '\\'' looking for beginning of value"],
    ['-x', "invalid character '-' in numeric literal"],
  ])('%j', (text, message) => {
    expect(() => parseGoJson(text, 400)).toThrow(message);
  });
});

describe('filters', () => {
  test.each([
    ['{"label":["a","b"],"dangling":["true"]}'],
    ['{"label":{"a":true,"b":true},"dangling":{"true":true}}'],
  ])('are read from %s', (text) => {
    const filters = readFilters(text, ['label', 'dangling']);
    expect(filterList(filters)).toEqual(['label=a', 'label=b', 'dangling=true']);
    expect(booleanFilter(filters, 'dangling')).toBe(true);
    expect(booleanFilter(filters, 'other')).toBeUndefined();
  });

  test.each(['', '{}', 'null'])('are none in %j', (text) => {
    expect(filterList(readFilters(text, []))).toEqual([]);
  });

  test.each([
    ['{"nosuch":["1"]}', "Invalid filter 'nosuch'"],
    ['[]', 'json: cannot unmarshal array into Go value of type map[string]map[string]bool'],
    ['{"a":1}', 'json: cannot unmarshal number into Go value of type map[string]bool'],
    ['{"a":{"b":1}}', 'json: cannot unmarshal number into Go value of type bool'],
  ])('%s is refused', (text, message) => {
    expect(() => readFilters(text, ['a'])).toThrow(message);
  });

  test('that are neither true nor false are refused', () => {
    expect(() => booleanFilter(readFilters('{"dangling":["maybe"]}'), 'dangling')).toThrow(
      "Invalid filter 'dangling=[maybe]'",
    );
  });
});

describe('a query', () => {
  const query = new Query({ query: { a: ['1', '2'], off: 'False', on: 'yes', n: '12', bad: 'x', none: '' } });

  test('has texts, flags and numbers', () => {
    expect([query.all('a'), query.text('a'), query.text('nosuch')]).toEqual([['1', '2'], '1', '']);
    const flags = ['off', 'on', 'none', 'nosuch'].map((name) => query.flag(name));
    expect([flags, query.flag('nosuch', true)]).toEqual([[false, true, false, false], true]);
    expect([query.integer('n'), query.integer('none')]).toEqual([12, undefined]);
    expect(() => query.integer('bad')).toThrow('strconv.Atoi: parsing "x": invalid syntax');
  });
});

describe('credentials in a header', () => {
  const document = { username: 'ü?>user', password: '~~~', serveraddress: 'r.example' };
  const auth = {
    username: 'ü?>user',
    password: '~~~',
    serverAddress: 'r.example',
    identityToken: '',
    registryToken: '',
  };
  const bytes = Buffer.from(JSON.stringify(document));

  test.each([
    ['base64url', bytes.toString('base64url')],
    ['base64url with padding', `${bytes.toString('base64url')}==`],
    ['base64', bytes.toString('base64')],
  ])('are read from %s', (_name, header) => {
    expect(readRegistryAuth({ headers: { 'x-registry-auth': header } })).toEqual(auth);
  });

  test.each(['', 'e30=', 'bm90anNvbg==', '!!!'])('%j has none', (header) => {
    expect(readRegistryAuth({ headers: { 'x-registry-auth': header } })).toBeUndefined();
  });

  test('come by server for builds', () => {
    const header = Buffer.from(JSON.stringify({ 'r.example': document, none: {} })).toString('base64url');
    expect([...readRegistryConfig({ headers: { 'x-registry-config': header } })]).toEqual([
      ['r.example', auth],
    ]);
  });
});
