import { describe, expect, test } from 'vitest';
import { dockerFunctions, dockerHeaderFunctions } from './docker-functions.ts';
import { TemplateError } from './errors.ts';
import { any, int, method, named, pointer, slice, string, struct } from './go-type.ts';
import { func, type GoValue, toJs, typed, variadic } from './go-value.ts';
import { decodeJson } from './json.ts';
import { parseTemplate } from './template.ts';
import { encodeUtf8 } from './utf8.ts';

const execute = (text: string, data?: unknown) =>
  parseTemplate(text, { functions: dockerFunctions }).execute(data);

function failure(run: () => unknown): TemplateError {
  try {
    run();
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('errors', () => {
  test('one of executing has what was written before', () => {
    const error = failure(() => execute('a{{.X}}b{{.X.Y}}c', { X: 'x' }));
    expect(error.phase).toBe('exec');
    expect(error.outputBeforeError).toBe('axb');
    expect(error.message).toBe(
      `template: :1:12: executing "" at <.X.Y>: can't evaluate field Y in type interface {}`,
    );
  });

  test('one of parsing has the template name', () => {
    const error = failure(() => parseTemplate('{{', { name: 'list' }));
    expect(error.phase).toBe('parse');
    expect(error.message).toBe('template: list:1: unclosed action');
    expect(error.outputBeforeError).toBe('');
  });

  test('what the caller writes to may throw its own', () => {
    const stop = new Error('closed');
    const write = () => {
      throw stop;
    };
    expect(() => parseTemplate('x').executeTo(write, null)).toThrow(stop);
    expect(() => parseTemplate('{{.}}').executeTo(write, 1)).toThrow(stop);
  });

  test('what a function throws is told with its name', () => {
    const functions = {
      boom: func([], any, () => {
        throw new Error('100% wrong');
      }),
    };
    expect(failure(() => parseTemplate('{{boom}}', { functions }).execute(null)).message).toBe(
      'template: :1:2: executing "" at <boom>: error calling boom: 100% wrong',
    );
  });
});

describe('bounds', () => {
  test('templates call each other as deeply as in Go, then it is an error', () => {
    const error = failure(() => execute('{{define "r"}}{{template "r" .}}{{end}}{{template "r" .}}'));
    expect(error.message).toMatch(/exceeded maximum template depth \(100000\)$/);
    const text = '{{define "r"}}{{if .}}x{{template "r" (slice . 1)}}{{end}}{{end}}{{template "r" .}}';
    expect(execute(text, 'a'.repeat(5000))).toBe('x'.repeat(5000));
  });

  test.each(['{{.}}', '{{json .}}', '{{print .}}', '{{eq . .}}', '{{html .}}'])(
    '%s of data without a bottom',
    (text) => {
      let data: unknown = 1;
      for (let i = 0; i < 100_000; i++) data = [data];
      expect(failure(() => execute(text, data)).phase).toBe('exec');
    },
  );

  test('a wide field is what was asked for', () => {
    expect(execute('{{printf "%1000000d" 1}}')).toHaveLength(1_000_000);
  });
});

describe('options', () => {
  test.each([
    { missingKey: 'default' as const, output: '<no value>' },
    { missingKey: 'zero' as const, output: '<no value>' },
  ])('missing keys: $missingKey', ({ missingKey, output }) => {
    expect(parseTemplate('{{.X}}').execute({}, { missingKey })).toBe(output);
  });

  test('missing keys: error', () => {
    expect(failure(() => parseTemplate('{{.X}}').execute({}, { missingKey: 'error' })).message).toBe(
      'template: :1:2: executing "" at <.X>: map has no entry for key "X"',
    );
  });

  test('range over an integer is an error unless it is asked for', () => {
    const template = parseTemplate('{{range $i := 3}}{{$i}}{{end}}');
    expect(failure(() => template.execute(null)).message).toMatch(/range can't iterate over 3$/);
    expect(template.execute(null, { rangeOverInt: true })).toBe('012');
  });

  test('functions of an execution come before those of parsing', () => {
    const template = parseTemplate('{{upper .ID}} {{pad .ID 1 1}}|', { functions: dockerFunctions });
    const headings = { ID: 'Image' };
    expect(template.execute(headings, { functions: dockerHeaderFunctions })).toBe('Image  Image |');
    expect(template.execute(headings)).toBe('IMAGE  Image |');
  });
});

describe('data', () => {
  test('numbers in plain data are floats, those of JSON documents text, bigints integers', () => {
    const template = parseTemplate('{{.Size}} {{printf "%T" .Size}}');
    expect(template.execute({ Size: 12345678 })).toBe('1.2345678e+07 float64');
    expect(template.execute(decodeJson('{"Size":12345678}'))).toBe('12345678 json.Number');
    expect(template.execute({ Size: 12345678n })).toBe('12345678 int');
  });

  test('names of JavaScript are no keys', () => {
    expect(execute('{{.constructor}} {{.__proto__}} {{index . "toString"}}', {})).toBe(
      '<no value> <no value> <no value>',
    );
    expect(execute('{{.__proto__}}', JSON.parse('{"__proto__":"own"}'))).toBe('own');
    expect(failure(() => execute('{{constructor}}')).message).toBe(
      'template: :1: function "constructor" not defined',
    );
    const empty = typed(struct('main.Empty', { X: string }), {});
    expect(failure(() => execute('{{.toString}}', empty)).message).toMatch(
      /field toString in type main.Empty$/,
    );
  });

  test('rows have methods, whose arguments are checked', () => {
    const row = struct(
      'formatter.imageContext',
      {},
      {
        methods: {
          ID: (data: { id: string }) => data.id,
          Label: method(
            [string],
            string,
            (data: { labels: Record<string, string> }, key) => data.labels[key] ?? '',
          ),
        },
      },
    );
    const data = typed(pointer(row), { id: 'abc', labels: { tier: 'web' } });
    expect(execute('{{.ID}} {{.Label "tier"}} {{.ID | upper}}', data)).toBe('abc web ABC');
    expect(failure(() => execute('{{.Nope}}', data)).message).toBe(
      `template: :1:2: executing "" at <.Nope>: can't evaluate field Nope in type *formatter.imageContext`,
    );
    expect(failure(() => execute('{{.Label}}', data)).message).toMatch(
      /wrong number of args for Label: want 1 got 0$/,
    );
    expect(failure(() => execute('{{.Label 1}}', data)).message).toMatch(/expected string; found 1$/);
  });

  test('data of another shape than its type is the zero value', () => {
    const type = struct('main.T', { S: string, N: int, L: slice(string), P: pointer(struct('main.P', {})) });
    expect(execute('{{.}}', typed(type, { S: 5, N: 'x', L: {}, P: null }))).toBe('{ 0 [] <nil>}');
    expect(execute('{{.}}', typed(type, 'text'))).toBe('{ 0 [] <nil>}');
  });

  test('a method that fails while a value is printed is told in the text', () => {
    const bad = named('main.Bad', int, {
      methods: {
        String: () => {
          throw new Error('oops');
        },
      },
    });
    expect(execute('{{.}}', typed(bad, 1))).toBe('%!v(PANIC=String method: oops)');
  });

  test('functions in data can be called, plain ones with plain arguments', () => {
    const data = {
      add: (a: number, b: number) => a + b,
      join: (list: string[]) => list.join('+'),
      list: ['a', 'b'],
    };
    expect(execute('{{call .add 1.0 2.5}} {{call .join .list}}', data)).toBe('3.5 a+b');
  });

  test('functions get what stands for their parameters', () => {
    const seen: unknown[] = [];
    const functions = {
      see: variadic([slice(int), int], any, string, (list, number, ...rest) => {
        seen.push(list, number, ...rest.map((each) => toJs(each as GoValue)));
        return '';
      }),
    };
    const data = { list: typed(slice(int), [1, 2n]), map: { a: 1 } };
    parseTemplate('{{see .list 3 "x" .map nil 1.5}}', { functions }).execute(data);
    expect(seen).toEqual([[1, 2n], 3n, 'x', { a: 1 }, undefined, 1.5]);
  });

  test('bytes that are no UTF-8 reach the output', () => {
    const output = execute('{{"\\xff"}}{{slice .X 0 1}}', { X: 'é' });
    expect([...encodeUtf8(output)]).toEqual([0xff, 0xc3]);
  });
});
