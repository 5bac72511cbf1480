import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { field, int, map, named, pointer, slice, string, struct } from './go-type.ts';
import { typed } from './go-value.ts';
import { decodeJson, encodeJson } from './json.ts';

describe('encoding', () => {
  test('what JSON can say reads back, HTML escaped or not', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const expected = JSON.parse(JSON.stringify(value));
        for (const escapeHtml of [false, true]) {
          const encoded = encodeJson(value, { escapeHtml });
          // JSON has one more zero than JSON.stringify writes.
          expect(JSON.parse(encoded.replace(/(?<![\d.eE])-0(?=[,\]}]|$)/g, '0'))).toEqual(expected);
        }
      }),
      { seed: 1 },
    );
  });

  test('keys are sorted by their bytes, whatever their names', () => {
    expect(encodeJson(JSON.parse('{"b":1,"__proto__":{"x":1},"a":2,"10":3,"9":4}'))).toBe(
      '{"10":3,"9":4,"__proto__":{"x":1},"a":2,"b":1}',
    );
  });

  test('structs are members in order, as their fields say', () => {
    const inner = struct('main.Inner', { X: int });
    const outer = struct('main.Outer', {
      B: string,
      A: field(string, { json: 'a', omitEmpty: true }),
      Secret: field(string, { json: false }),
      lower: string,
      Inner: field(inner, { embedded: true }),
      P: pointer(inner),
      L: slice(string),
      M: map(string, int),
    });
    expect(encodeJson(typed(outer, { B: '<b>', Secret: 's', lower: 'l', X: 1 }))).toBe(
      '{"B":"<b>","X":1,"P":null,"L":null,"M":null}',
    );
    expect(encodeJson(typed(outer, { a: 'x', P: {}, L: [], M: {} }))).toBe(
      '{"B":"","a":"x","X":0,"P":{"X":0},"L":[],"M":{}}',
    );
  });

  test('a type may write its own', () => {
    const row = struct(
      'main.Row',
      {},
      { marshalJson: (data: object) => encodeJson(data, { escapeHtml: true }) },
    );
    expect(encodeJson([typed(pointer(row), { a: '<x>' }), typed(pointer(row), null)])).toBe(
      '[{"a":"\\u003cx\\u003e"},null]',
    );
  });

  test('what JSON has no word for is an error', () => {
    expect(() => encodeJson(Number.NaN)).toThrow('json: unsupported value: NaN');
    expect(() => encodeJson(() => 1)).toThrow('json: unsupported type: func(...interface {}) interface {}');
  });

  test('the keys of integers are sorted as text', () => {
    const type = map(named('main.ID', int), string);
    expect(encodeJson(typed(type, { 10: 'a', 9: 'b', '-1': 'c' }))).toBe('{"-1":"c","10":"a","9":"b"}');
    expect(encodeJson(typed(type, new Map([[10, 'a']])))).toBe('{"10":"a"}');
  });
});

test('decoded numbers print as they were written', () => {
  const text = '{"big":12345678901234567890,"size":12345678,"float":1.50,"list":[1e3]}';
  expect(encodeJson(decodeJson(text))).toBe(
    '{"big":12345678901234567890,"float":1.50,"list":[1e3],"size":12345678}',
  );
  expect(() => decodeJson('{')).toThrow(SyntaxError);
});
