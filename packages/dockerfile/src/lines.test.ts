import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DockerfileError } from './errors.ts';
import { readLines } from './lines.ts';
import { quote } from './quote.ts';
import type { Statement } from './statement.ts';

interface Expected {
  readonly name: string;
  readonly dockerfile: string;
  readonly escape: string;
  readonly dump: string;
  readonly instructions: readonly {
    readonly instruction: string;
    readonly args: readonly string[] | null;
    readonly flags?: readonly string[];
    readonly json?: boolean;
    readonly startLine: number;
    readonly endLine: number;
  }[];
}

const cases = JSON.parse(
  readFileSync(new URL('../test/fixtures/parse.json', import.meta.url), 'utf8'),
) as readonly Expected[];

/** The fixture's notation: `(keyword ["--flag"] "argument" …)`. */
function dump({ name, flags, args, trigger }: Statement): string {
  const words = trigger === undefined ? args.map(quote) : [dump(trigger)];
  const shownFlags = flags.length === 0 ? [] : [`[${flags.map(quote).join(' ')}]`];
  return `(${[name, ...shownFlags, ...words].join(' ')})`;
}

describe('the Dockerfiles of the fixture', () => {
  test.each(cases)('$name', (expected) => {
    const { directives, statements } = readLines(expected.dockerfile);
    expect(directives.escape).toBe(expected.escape);
    expect(statements.map(dump).join('\n')).toBe(expected.dump);
    expect(
      statements.map(({ name, args, flags, isJson, location, trigger }) => ({
        instruction: name.toUpperCase(),
        // An ONBUILD has one argument there, without a text, that holds the trigger.
        args: trigger !== undefined ? [''] : args.length === 0 ? null : args,
        flags,
        json: isJson,
        ...location,
      })),
    ).toEqual(
      expected.instructions.map(({ instruction, args, flags, json, startLine, endLine }) => ({
        instruction,
        args,
        flags: flags ?? [],
        json: json ?? false,
        startLine,
        endLine,
      })),
    );
  });
});

const args = (text: string) => readLines(text).statements.map((statement) => statement.args);

describe('here-documents', () => {
  const heredocs = (text: string) => readLines(text).statements.flatMap((statement) => statement.heredocs);

  test('several of one line follow each other', () => {
    const [first, second] = heredocs('COPY <<A <<"B" /x/\na $x\nA\nb\nB\nRUN x\n');
    expect(first).toMatchObject({ name: 'A', lines: 'a $x\n', expand: true });
    expect(second).toMatchObject({ name: 'B', lines: 'b\n', expand: false });
  });

  test('a descriptor and tabs are read', () => {
    expect(heredocs('RUN cat 3<<-E\n\ta\n\tE\n')).toEqual([
      { name: 'E', lines: '\ta\n', expand: true, fileDescriptor: 3, stripsTabs: true },
    ]);
  });

  test('the location spans them', () => {
    const [statement] = readLines('\nRUN <<E\na\n# b\nE\n').statements;
    expect(statement?.location).toEqual({ startLine: 2, endLine: 5 });
    expect(statement?.text).toBe('RUN <<E');
  });

  test('a trigger has its own', () => {
    expect(heredocs('ONBUILD RUN <<E\na\nE\n')).toHaveLength(1);
  });

  test.each([
    ['the exec form', 'RUN ["cat", "<<E"]\nRUN b'],
    ['another instruction', 'CMD cat <<E\nCMD b'],
    ['a word in quotes', 'RUN echo "<<E"\nRUN b'],
    ['quotes that do not match', "RUN echo it's <<E\nRUN b"],
    ['a here-string', 'RUN cat <<<E\nRUN b'],
    ['nothing behind it', 'RUN cat <<\nRUN b'],
  ])('%s announces none', (_, text) => {
    expect(readLines(text).statements).toHaveLength(2);
    expect(heredocs(text)).toEqual([]);
  });

  test('one without an end is an error', () => {
    expect(() => readLines('FROM a\nRUN <<E\na\n')).toThrow(
      new DockerfileError('syntax', 'unterminated heredoc', { location: { startLine: 2, endLine: 3 } }),
    );
  });

  test('lines may end in carriage returns, which the content keeps', () => {
    expect(heredocs('RUN <<E\r\na\r\nE\r\n')[0]?.lines).toBe('a\r\n');
  });
});

describe('directives', () => {
  test.each([
    ['# syntax=a/b:1\n# Check = skip=all\nFROM a', 'a/b:1', 'skip=all'],
    ['#syntax=a\n\n# check=skip=all\nFROM a', 'a', undefined],
    ['# about\n# syntax=a\nFROM a', undefined, undefined],
    ['# unknown=x\n# syntax=a\nFROM a', undefined, undefined],
    ['FROM a\n# syntax=a\n', undefined, undefined],
  ])('%j', (text, syntax, check) => {
    const { directives } = readLines(text);
    expect(directives.find('syntax')).toBe(syntax);
    expect(directives.find('check')).toBe(check);
  });

  test.each([
    ['# escape=`\n# escape=`\nFROM a', 'only one escape parser directive can be used'],
    ['# escape=x\nFROM a', "invalid escape token 'x' does not match ` or \\"],
  ])('%j fails', (text, message) => {
    expect(() => readLines(text)).toThrow(message);
  });
});

describe('lines', () => {
  test('end in carriage returns as well', () => {
    expect(args('FROM a\r\nRUN b \\\r\n  c\r\n')).toEqual([['a'], ['b   c']]);
  });

  test('comments and empty lines between continued ones are left out', () => {
    const [statement] = readLines('RUN a \\\n  # no\n\n  b\n').statements;
    expect(statement).toMatchObject({ text: 'RUN a   b', hasEmptyContinuation: true });
    expect(readLines('RUN a \\\n# no\n  b\n').statements[0]?.hasEmptyContinuation).toBe(false);
  });

  test('comments above an instruction belong to it', () => {
    const [first, second] = readLines('# a\n# b\nFROM x\n# c\n\nRUN y').statements;
    expect(first?.comments).toEqual(['a', 'b']);
    expect(second?.comments).toEqual([]);
  });

  test.each(['', '\n', '# a\n'])('%j has no instructions', (text) => {
    expect(() => readLines(text)).toThrow('file with no instructions');
  });
});
