import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dockerFunctions, type MissingKey, parseTemplate, TemplateError } from '../src/index.ts';
import { printfData, testFunctions, typedData } from './typed-data.ts';

interface Fixture {
  readonly data?: unknown;
  readonly cases: readonly Case[];
}

interface Case {
  readonly template: string;
  readonly missingKey?: MissingKey;
  readonly output?: string;
  readonly parseError?: string;
  readonly execError?: string;
  readonly outputBeforeError?: string;
}

const read = (name: string): Fixture =>
  JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8'));

/** What a template does, in the words of the fixtures. Output as Go's encoder of JSON writes it: no stray bytes. */
function outcome({ template, missingKey }: Case, data: unknown): Omit<Case, 'template'> {
  const options = { rangeOverInt: true, ...(missingKey && { missingKey }) };
  try {
    const parsed = parseTemplate(template, { functions: { ...dockerFunctions, ...testFunctions } });
    return { output: parsed.execute(data, options).toWellFormed() };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const message = error.message.toWellFormed();
    if (error.phase === 'parse') return { parseError: message };
    return {
      execError: message,
      ...(error.outputBeforeError && { outputBeforeError: error.outputBeforeError }),
    };
  }
}

describe.each([
  { name: 'language', data: undefined },
  { name: 'parse-errors', data: undefined },
  { name: 'functions', data: undefined },
  { name: 'typed', data: typedData },
  { name: 'printf', data: printfData },
])("what Go's text/template does: $name", ({ name, data }) => {
  const fixture = read(name);
  test.each(fixture.cases)('$template', (each) => {
    const { template: _template, missingKey: _missingKey, ...expected } = each;
    expect(outcome(each, data ?? fixture.data)).toEqual(expected);
  });
});
