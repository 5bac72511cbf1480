import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dockerFunctions } from './docker-functions.ts';
import { TemplateError } from './errors.ts';
import { parseTemplate } from './template.ts';

const parse = (text: string) => parseTemplate(text, { functions: dockerFunctions });

const space = fc.constantFrom('', ' ', '\n\t');
const separator = fc.constantFrom(' ', '  ', '\r\n');
const joined = (...parts: readonly fc.Arbitrary<string>[]) =>
  fc.tuple(...parts).map((texts) => texts.join(''));

const constant = fc.constantFrom(
  ...['1', '-1', '+2', '0x1F', '0b101', '0o17', '1_000', '1.5', '.5', '1e3', '0x1p-2', '1i', '1+2i'],
  ...["'a'", "'\\n'", '"a"', '"\\x41é"', '"}}"', '`raw\n`', 'true', 'false', '.', '$', '.A', '.A.B', '$.A'],
);
const name = fc.constantFrom('print', 'len', 'json', 'and', 'not', 'eq', 'printf');

/** Pipelines, in which a parenthesis may hold another one. */
const { pipeline } = fc.letrec<{ operand: string; command: string; pipeline: string }>((tie) => ({
  operand: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    constant,
    joined(fc.constant('('), space, tie('pipeline'), space, fc.constantFrom(')', ').C')),
  ),
  command: fc
    .tuple(name, fc.array(fc.tuple(separator, tie('operand')), { maxLength: 3 }))
    .map(([first, others]) => first + others.flat().join('')),
  pipeline: fc
    .tuple(
      fc.oneof(tie('operand'), tie('command')),
      fc.array(fc.tuple(space, fc.constant('|'), space, tie('command')), { maxLength: 2 }),
    )
    .map(([first, others]) => first + others.flat(2).join('')),
}));

/** An action with any spaces and trimming. */
const action = (inner: fc.Arbitrary<string>) =>
  joined(fc.constantFrom('{{', '{{- ', '{{ '), inner, fc.constantFrom('}}', ' -}}', ' }}'));

const word = (keyword: string, rest: fc.Arbitrary<string>) =>
  action(joined(fc.constant(keyword), separator, rest));
const keyword = (text: string) => action(fc.constant(text));
const text = fc
  .string({ unit: fc.constantFrom('a', ' ', '\n', '{', '}', '-', 'é', '🚢', '/*'), maxLength: 6 })
  .filter((each) => !each.includes('{{'))
  // What stands before an action must not make its delimiter begin earlier.
  .map((each) => each.replace(/\{$/, '{ '));
const comment = fc.constantFrom('{{/* x */}}', '{{- /* }} */ -}}');

const { list } = fc.letrec<{ list: string; node: string; branch: string }>((tie) => ({
  branch: fc.oneof(
    joined(word('if', pipeline), tie('list'), keyword('end')),
    joined(word('if', pipeline), tie('list'), word('else if', pipeline), tie('list'), keyword('end')),
    joined(word('with', pipeline), tie('list'), keyword('else'), tie('list'), keyword('end')),
    joined(word('with $x :=', pipeline), tie('list'), keyword('$x = 1'), keyword('end')),
    joined(word('range $i, $e :=', pipeline), tie('list'), keyword('break'), keyword('end')),
    joined(word('range', pipeline), keyword('continue'), keyword('else'), tie('list'), keyword('end')),
  ),
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    comment,
    action(pipeline),
    action(joined(fc.constant('$y := '), pipeline)),
    word('template', fc.constantFrom('"t"', '`t` .', '"\\x74" .A')),
    tie('branch'),
  ),
  list: fc.array(tie('node'), { maxLength: 4 }).map((nodes) => nodes.join('')),
}));
/** A template that calls itself would go on until it is too deep. */
const callless = list.map((each) => each.replaceAll('template', 'print'));
const definition = joined(fc.constantFrom('{{define "t"}}', '{{block "t" .}}'), callless, keyword('end'));
const template = joined(fc.oneof(fc.constant(''), definition), list);

function outcome(source: string): string {
  try {
    return parse(source).execute({ A: { B: [1, 2], C: null } });
  } catch (error) {
    if (error instanceof TemplateError && error.phase === 'exec') return error.outputBeforeError ?? '';
    throw error;
  }
}

describe('printing', () => {
  test('any template of the grammar parses, and prints as one that is the same', () => {
    fc.assert(
      fc.property(template, (source) => {
        const printed = parse(source).toString();
        expect(parse(printed).toString()).toBe(printed);
        expect(outcome(printed)).toBe(outcome(source));
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  test.each([
    { source: 'a {{- .X  |print   1 -}} b', printed: 'a{{.X | print 1}}b' },
    {
      source: '{{/* gone */}}{{if .X}}1{{else if .Y}}2{{end}}',
      printed: '{{if .X}}1{{else}}{{if .Y}}2{{end}}{{end}}',
    },
    { source: '{{block `t` .}}x{{end}}', printed: '{{define "t"}}x{{end}}{{template "t" .}}' },
    { source: '{ {{- .}}', printed: '{ {{- /**/}}{{.}}' },
    {
      source: '{{range $i, $e := .X}}{{break}}{{else}}-{{end}}',
      printed: '{{range $i, $e := .X}}{{break}}{{else}}-{{end}}',
    },
  ])('$source is $printed', ({ source, printed }) => {
    expect(parse(source).toString()).toBe(printed);
  });

  test('keeps the delimiters', () => {
    expect(String(parseTemplate('<<- .A >>{{', { delimiters: ['<<', '>>'] }))).toBe('<<.A>>{{');
  });
});
