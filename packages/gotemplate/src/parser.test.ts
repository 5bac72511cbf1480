import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dockerFunctions } from './docker-functions.ts';
import { TemplateError } from './errors.ts';
import { string } from './go-type.ts';
import { func } from './go-value.ts';
import { parseTemplate } from './template.ts';

const parse = (text: string) => parseTemplate(text, { functions: dockerFunctions });

/** What parsing and executing a text throws, apart from template errors, which it may. */
function run(text: string): void {
  try {
    parse(text).execute({ X: [1, { Y: 'z' }], N: null }, { missingKey: 'error' });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
  }
}

/** Texts of the language's words, which get further than arbitrary ones. */
const words = fc
  .array(
    fc.constantFrom(
      ...[
        '{{',
        '}}',
        '{{-',
        '-}}',
        ' ',
        '\n',
        '.',
        '.X',
        '.Y',
        '$',
        '$x',
        ':=',
        '=',
        ',',
        '|',
        '(',
        ')',
        '"a"',
        '`b`',
        "'c'",
      ],
      ...[
        '1',
        '0x1',
        '1.5',
        '1i',
        '-',
        'nil',
        'true',
        'if',
        'else',
        'end',
        'range',
        'with',
        'define',
        'template',
        'block',
      ],
      ...[
        'break',
        'continue',
        'print',
        'printf',
        'index',
        'slice',
        'len',
        'eq',
        'and',
        'call',
        'json',
        '/*',
        '*/',
        'é',
        '🚢',
      ],
      ...[
        '{{end}}',
        '{{else}}',
        '{{if .X}}',
        '{{range .X}}',
        '{{with .X}}',
        '{{.X}}',
        '{{define "t"}}',
        '{{template "t" .}}',
      ],
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

describe('parsing', () => {
  test.each([
    { name: 'any text', text: fc.string({ unit: 'binary' }) },
    { name: 'any text in an action', text: fc.string({ unit: 'binary' }).map((inner) => `{{${inner}}}`) },
    { name: "the language's words", text: words },
    { name: "the language's words in an action", text: words.map((inner) => `{{${inner}}}`) },
  ])('$name is a template or an error', ({ text }) => {
    fc.assert(fc.property(text, run), { seed: 1, numRuns: 2000 });
  });

  test.each([
    { name: 'delimiters', text: '{{'.repeat(50_000) },
    { name: 'spaces', text: `${' '.repeat(100_000)}x{{- 1 -}}${' '.repeat(100_000)}` },
    { name: 'spaces in an action', text: `{{${' '.repeat(100_000)}1}}` },
    { name: 'comments', text: '{{/* x */}}'.repeat(20_000) },
    { name: 'actions', text: '{{.X}}'.repeat(20_000) },
    { name: 'digits', text: `{{${'1'.repeat(20_000)}}}` },
    { name: 'digits of a complex number', text: `{{${'1'.repeat(20_000)}+${'1'.repeat(20_000)}i}}` },
    { name: 'an identifier', text: `{{${'a'.repeat(100_000)}}}` },
    { name: 'fields', text: `{{${'.X'.repeat(20_000)}}}` },
    { name: 'commands', text: `{{1${' | print'.repeat(5_000)}}}` },
    { name: 'unclosed comments', text: '{{/*'.repeat(50_000) },
    { name: 'lines', text: '{{.X}}\n'.repeat(20_000) },
  ])('many $name come to an end', ({ text }) => run(text));

  const nest = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);

  test.each([
    { name: 'parentheses', at: (depth: number) => `{{${nest('(', ')', depth).replace('()', '(1)')}}}` },
    { name: 'ifs', at: (depth: number) => nest('{{if .X}}', '{{end}}', depth) },
    { name: 'ranges', at: (depth: number) => nest('{{range .X}}', '{{end}}', depth) },
    { name: 'blocks', at: (depth: number) => nest('{{block "x" .}}', '{{end}}', depth) },
    { name: 'else ifs', at: (depth: number) => `{{if .N}}${'{{else if .N}}'.repeat(depth)}{{end}}` },
  ])('$name nest as deep as anybody needs, and no deeper than the stack', ({ at }) => {
    expect(() => run(at(400))).not.toThrow();
    expect(() => parse(at(100_000))).toThrow('template: :1: max expression depth exceeded');
  });

  test('break and continue are functions where the caller has such', () => {
    const functions = { break: func([string], string, (text) => text.toUpperCase()) };
    expect(parseTemplate('{{break "x"}}', { functions }).execute(null)).toBe('X');
    expect(() => parseTemplate('{{continue}}', { functions })).toThrow('{{continue}} outside {{range}}');
  });

  test('a message has the name, and the line the action started on', () => {
    expect(() => parseTemplate('a\n{{print `\n', { name: 'list' })).toThrow(
      'template: list:2: unterminated raw quoted string',
    );
    expect(() => parseTemplate('{{print 1\n\n"x', { name: 'list' })).toThrow(
      'template: list:3: unterminated quoted string in action started at list:1',
    );
  });

  test('delimiters are free to choose', () => {
    const template = parseTemplate('<<.A>> {{.A}} << .A ->> x', { delimiters: ['<<', '>>'] });
    expect(template.execute({ A: 1 })).toBe('1 {{.A}} 1x');
  });
});
