import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DockerfileError } from '../errors.ts';
import { quote } from '../quote.ts';
import { expandHeredoc, expandWord, expandWords, variablesIn } from './expand.ts';

interface Case {
  readonly input: string;
  readonly word?: string;
  readonly words?: readonly string[] | null;
  readonly error?: string;
}

type Pairs = readonly (readonly [string, string])[];

const shellWords = readFixture<{ env: readonly string[]; cases: readonly Case[] }>('shell-words.json');
const substitutions = readFixture<{
  variables: Pairs;
  words: Pairs;
  errors: Pairs;
  namesIn: { word: string; names: string[] };
}>('substitutions.json');
const environment = new Map(shellWords.env.map((entry) => entry.split('=', 2) as [string, string]));

describe('the words of the shell fixture', () => {
  test.each(shellWords.cases)('$input', ({ input, word, words, error }) => {
    if (error !== undefined) {
      expect(() => expandWord(input, environment)).toThrow(new DockerfileError('word', error));
      expect(() => expandWords(input, environment)).toThrow(error);
      return;
    }
    expect(expandWord(input, environment)).toBe(word);
    expect(expandWords(input, environment)).toEqual(words ?? []);
  });
});

describe('modifiers', () => {
  const variables = new Map(substitutions.variables);
  test.each(substitutions.words)('%s is %s', (word, expected) => {
    expect(expandWord(word, variables)).toBe(expected);
  });
  test.each(substitutions.errors)('%s fails: %s', (word, message) => {
    expect(() => expandWord(word, variables)).toThrow(`failed to process ${quote(word)}: ${message}`);
  });
});

test('words are split at spaces, those of variables included', () => {
  const variables = new Map([['many', 'b  c']]);
  expect(expandWords('a $many "d e" f\\ g ""', variables)).toEqual(['a', 'b', 'c', 'd e', 'f g']);
  expect(expandWords('"$many"', variables)).toEqual(['b  c']);
});

test('the escape character is that of the Dockerfile', () => {
  expect(expandWord('c:\\x`$y', new Map(), { escape: '`' })).toBe('c:\\x$y');
  expect(expandWord('"`"\\"', new Map(), { escape: '`' })).toBe('"\\');
});

test('names that are not set are told', () => {
  const unset: string[] = [];
  const variables = (name: string) => (name === 'a' ? '1' : undefined);
  expect(expandWord('$a $b $' + '{c:-$d}', variables, { onUnset: (name) => unset.push(name) })).toBe('1  ');
  expect(unset).toEqual(['b', 'd', 'c']);
});

test('the names of the variables in a word are found without values', () => {
  const { word, names } = substitutions.namesIn;
  expect(variablesIn(word)).toEqual(names);
});

test('a here-document keeps its quotes, and its variables when its word was quoted', () => {
  const heredoc = { name: 'EOF', content: 'it\'s "$x" \\$x\n', expand: true, fileDescriptor: 0 };
  const variables = new Map([['x', '1']]);
  expect(expandHeredoc(heredoc, variables)).toBe('it\'s "1" $x\n');
  expect(expandHeredoc({ ...heredoc, expand: false }, variables)).toBe(heredoc.content);
});

test('deep nesting is an error of its own', () => {
  expect(() => expandWord('${a:-'.repeat(100_000), new Map())).toThrow(/nested too deeply/);
});

function readFixture<Content>(name: string): Content {
  const path = new URL(`../../test/fixtures/${name}`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as Content;
}
