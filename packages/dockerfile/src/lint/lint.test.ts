import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseDockerfile } from '../parse.ts';
import { emptyContinuationNotice, formatBuildWarnings, formatCheck } from './format.ts';
import { type LintOptions, lintDockerfile, lintFailure } from './lint.ts';
import { LINT_RULES } from './rule-table.ts';

interface Case {
  readonly name: string;
  readonly dockerfile: string;
  readonly found: readonly string[];
  /** What the base images of all stages have; none: it is not known. */
  readonly baseEnv?: Readonly<Record<string, string>>;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly check?: string;
  readonly ignored?: readonly string[];
}

const cases = JSON.parse(
  readFileSync(new URL('../../test/fixtures/lint.json', import.meta.url), 'utf8'),
) as readonly Case[];

test.each(cases)('$name', ({ dockerfile, found, baseEnv, buildArgs, check, ignored }) => {
  const options: LintOptions = {
    ...(baseEnv && { baseEnv: () => new Map(Object.entries(baseEnv)) }),
    ...(buildArgs && { buildArgs: new Map(Object.entries(buildArgs)) }),
    ...(ignored && { ignores: (path: string) => ignored.includes(path) }),
    ...(check !== undefined && { check }),
  };
  const warnings = lintDockerfile(parseDockerfile(dockerfile), options);
  expect(
    warnings.map(({ rule, message, location }) => `${location?.startLine}: ${rule}: ${message}`),
  ).toEqual(found);
});

describe('options', () => {
  const text = 'FROM scratch as base\ncopy Dockerfile .\n';
  const casing = 'ConsistentInstructionCasing';

  test.each([
    ['# check=skip=all\n', undefined, []],
    [`#check=skip=${casing}, FromAsCasing\n`, undefined, []],
    [`#check=skip=${casing};error=true\n`, undefined, ['FromAsCasing']],
    ['# check=skip=all\n', `skip=${casing}`, ['FromAsCasing']],
    ['', '', ['FromAsCasing', casing]],
  ])('%j with %j', (directive, check, rules) => {
    const options = check === undefined ? {} : { check };
    const warnings = lintDockerfile(parseDockerfile(directive + text), options);
    expect(warnings.map(({ rule }) => rule)).toEqual(rules);
  });

  test('findings fail a build that asks for it', () => {
    const dockerfile = parseDockerfile(`#check=skip=${casing};error=true\n${text}`);
    const warnings = lintDockerfile(dockerfile);
    expect(lintFailure(dockerfile, warnings)).toBe('lint violation found for rules: FromAsCasing');
    expect(lintFailure(dockerfile, [])).toBeUndefined();
    expect(lintFailure(dockerfile, warnings, { check: 'error=false' })).toBeUndefined();
  });

  test.each([
    ['skip', 'invalid check option "skip"'],
    ['a=b', 'invalid check option "a"'],
    [
      'error=maybe',
      'failed to parse check option "error=maybe": strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
  ])('%s is none', (check, message) => {
    expect(() => lintDockerfile(parseDockerfile(text), { check })).toThrow(message);
  });
});

test('pages of rules are named after them', () => {
  const page = (name: string) => LINT_RULES.get(name)?.url.split('/').at(-2);
  expect(page('JSONArgsRecommended')).toBe('json-args-recommended');
  expect(page('SecretsUsedInArgOrEnv')).toBe('secrets-used-in-arg-or-env');
  expect(page('FromAsCasing')).toBe('from-as-casing');
  expect(LINT_RULES.size).toBe(21);
});

describe('texts', () => {
  const text = 'FROM scratch\nCMD a\n';
  const warnings = lintDockerfile(parseDockerfile(text));
  const message = 'JSON arguments recommended for CMD to prevent unintended behavior related to OS signals';

  test('of a check', () => {
    expect(formatCheck(warnings, text)).toBe(
      `Check complete, 1 warning has been found!

WARNING: JSONArgsRecommended - https://docs.docker.com/go/dockerfile/rule/json-args-recommended/
${message}
Dockerfile:2
--------------------
   1 |     FROM scratch
   2 | >>> CMD a
   3 |     
--------------------
`,
    );
    expect(formatCheck([], text)).toBe('Check complete, no warnings found.\n');
    expect(formatCheck([...warnings, ...warnings], text)).toMatch(
      /^Check complete, 2 warnings have been found!\n/,
    );
  });

  test('of a build', () => {
    expect(formatBuildWarnings(warnings)).toBe(
      ` 1 warning found:\n - JSONArgsRecommended: ${message} (line 2)\n`,
    );
    expect(formatBuildWarnings([])).toBe('');
  });

  test('of the classic builder about empty continuations', () => {
    const dockerfile = parseDockerfile(
      'FROM ubuntu:18.04\nRUN echo one && \\\n# a comment\n\n  echo two\nRUN a \\\n\n b\n',
    );
    expect(emptyContinuationNotice(dockerfile)).toBe(
      `[WARNING]: Empty continuation line found in:
    RUN echo one &&   echo two
[WARNING]: Empty continuation line found in:
    RUN a  b
[WARNING]: Empty continuation lines will become errors in a future release.
`,
    );
    expect(emptyContinuationNotice(parseDockerfile(text))).toBe('');
  });
});
