import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseIgnoreFile } from './ignore-file.ts';
import { IgnoreMatcher } from './ignore-matcher.ts';
import { IgnorePatternError } from './pattern-set.ts';

interface MatchCase {
  readonly patterns: readonly string[];
  readonly path: string;
  readonly excluded?: boolean;
  readonly error?: string;
}

interface ParseCase {
  readonly content: string;
  readonly patterns: readonly string[];
}

const fixture = <T>(name: string): T[] =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'));
const matcherOf = (patterns: readonly string[]) =>
  new IgnoreMatcher(patterns.map((text, index) => ({ text, line: index + 1 })));
const bytesOf = (text: string) => new TextEncoder().encode(text);

describe('an ignore file', () => {
  test.each(fixture<ParseCase>('parse'))('reads $content', ({ content, patterns }) => {
    expect(parseIgnoreFile(bytesOf(content)).map(({ text }) => text)).toEqual(patterns);
  });

  test('says in which lines its patterns stand', () => {
    expect(parseIgnoreFile(bytesOf('# comment\n\n*.log\r\n! keep.log\n'))).toEqual([
      { text: '*.log', line: 3 },
      { text: '!keep.log', line: 4 },
    ]);
  });

  test('has backslashes for separators on Windows', () => {
    expect(parseIgnoreFile(bytesOf('a\\b\\*.txt'), { isWindows: true })).toEqual([
      { text: 'a/b/*.txt', line: 1 },
    ]);
  });
});

describe('a matcher', () => {
  test.each(
    fixture<MatchCase>('match').map((row) => ({ ...row, name: `${row.path} by ${row.patterns.join(' ')}` })),
  )('judges $name', ({ patterns, path, excluded, error }) => {
    if (error !== undefined) expect(() => matcherOf(patterns)).toThrow(error);
    else expect(matcherOf(patterns).excluded(path)).toBe(excluded);
  });

  test.each([
    { name: 'a negation of nothing', pattern: '!', message: 'illegal exclusion pattern: "!"' },
    { name: 'a set that is not closed', pattern: 'a/[b', message: 'syntax error in pattern' },
    { name: 'a range that runs backwards', pattern: '[z-a]', message: 'syntax error in pattern' },
  ])('refuses $name, and says where it stands', ({ pattern, message }) => {
    let error: unknown;
    try {
      new IgnoreMatcher([
        { text: 'fine', line: 1 },
        { text: pattern, line: 7 },
      ]);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(IgnorePatternError);
    expect(error).toMatchObject({ message, pattern: { line: 7 } });
  });

  test.each([
    { path: 'x.log', line: 1 },
    { path: 'keep.log', line: 2 },
    { path: 'node_modules/m/i.js', line: 3 },
    { path: 'src/tmp/t', line: 4 },
    { path: 'src/b.txt', line: undefined },
  ])('says that line $line decided about $path', ({ path, line }) => {
    const matcher = matcherOf(['*.log', '!keep.log', 'node_modules', '**/tmp']);
    expect(matcher.judge(path).decidedBy?.line).toBe(line);
  });

  test.each([
    { patterns: ['*', '!**/*.py'], directory: 'a/b', into: true },
    { patterns: ['*', '!src/lib'], directory: 'src', into: true },
    { patterns: ['*', '!src/lib'], directory: 'docs', into: false },
    { patterns: ['*', '!src/*/keep'], directory: 'src/a', into: true },
    { patterns: ['*', '!src/*/keep'], directory: 'src/a/b', into: false },
    { patterns: ['node_modules', '!node_modules/a/keep'], directory: 'node_modules', into: true },
    { patterns: ['!**/*.py', 'node_modules'], directory: 'node_modules', into: false },
    { patterns: ['node_modules'], directory: 'node_modules', into: false },
  ])('of $patterns need go into $directory: $into', ({ patterns, directory, into }) => {
    expect(matcherOf(patterns).mayReincludeBelow(directory)).toBe(into);
  });

  test('lets a pattern that changed nothing for a directory have no say below it, as moby', () => {
    const matcher = matcherOf(['f*', '!foo/bar', 'foo']);
    expect(matcher.excluded('foo')).toBe(true);
    expect(matcher.excluded('foo/bar')).toBe(false);
  });
});

/** Judges one pattern after the other with a regular expression each, as moby's matcher does. */
class NaiveMatcher {
  readonly #patterns: readonly { readonly isNegated: boolean; readonly matches: (path: string) => boolean }[];

  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map((pattern) => {
      const isNegated = pattern.startsWith('!');
      return { isNegated, matches: naiveMatch(isNegated ? pattern.slice(1) : pattern) };
    });
  }

  excluded(path: string): boolean {
    let above: readonly boolean[] = [];
    let isExcluded = false;
    const elements = path.split('/');
    for (const length of elements.keys()) {
      const part = elements.slice(0, length + 1).join('/');
      isExcluded = false;
      above = this.#patterns.map(({ isNegated, matches }, index) => {
        const isMatch = above[index] === true || (isNegated === isExcluded && matches(part));
        if (isMatch) isExcluded = !isNegated;
        return isMatch;
      });
    }
    return isExcluded;
  }
}

function naiveMatch(pattern: string): (path: string) => boolean {
  const isText = (text: string) => !/[*?\\[\]]/.test(text);
  if (pattern.endsWith('**') && isText(pattern.slice(0, -2)))
    return (path) => path.startsWith(pattern.slice(0, -2));
  if (pattern.startsWith('**') && isText(pattern.slice(2)))
    return (path) => path.endsWith(pattern.slice(2)) || `/${path}` === pattern.slice(2);
  const source = pattern.replace(/\*\*\/?$|\*\*\/?|\*|\?|\\.|\[(?:\\.|[^\]])*\]|./gsu, (part, at: number) => {
    if (part.startsWith('**')) return at + part.length === pattern.length ? '.*' : '(?:.*/)?';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return part.length > 1 ? part : part.replace(/[.+()|{}$^\]/]/, '\\$&');
  });
  const expression = new RegExp(`^${source}$`, 'u');
  return (path) => expression.test(path);
}

describe('by chance', () => {
  const name = fc.stringMatching(/^[abx.é😀\n]{1,4}$/u);
  const piece = fc.constantFrom(...'abx.é😀*?', '*', '**', '[ab]', '[^a]', '[.-x]', '\\*');
  const element = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''));
  const isPlain = (text: string) => text !== '.' && text !== '..';
  const pattern = fc
    .tuple(
      fc.boolean(),
      fc.array(fc.oneof(element.filter(isPlain), fc.constant('**')), { minLength: 1, maxLength: 4 }),
    )
    .map(([isNegated, elements]) => `${isNegated ? '!' : ''}${elements.join('/')}`);
  const path = fc.array(name.filter(isPlain), { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));

  test('it judges as one pattern after the other would', () => {
    const lists = fc.array(pattern, { maxLength: 6 });
    fc.assert(
      fc.property(lists, fc.array(path, { minLength: 1, maxLength: 10 }), (patterns, paths) => {
        const matcher = matcherOf(patterns);
        const naive = new NaiveMatcher(patterns);
        for (const each of paths)
          expect([each, matcher.excluded(each)]).toEqual([each, naive.excluded(each)]);
      }),
      { seed: 1, numRuns: 3000 },
    );
  });

  test('it judges alike after it had to forget what it knew', () => {
    // After each of these the automaton knows another combination of what was seen in the last characters.
    const matcher = matcherOf(['**/*a????????????????']);
    for (let i = 0; i < 40_000; i++) {
      const text = i.toString(2).padStart(20, '0').replaceAll('0', 'b').replaceAll('1', 'a');
      expect(matcher.excluded(text)).toBe(text.at(-17) === 'a');
    }
  });

  test('nothing is in below an excluded directory that a walk would not go into', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 6 }), path, path, (patterns, directory, below) => {
        const matcher = matcherOf(patterns);
        if (!matcher.excluded(directory) || matcher.mayReincludeBelow(directory)) return;
        expect(matcher.excluded(`${directory}/${below}`)).toBe(true);
      }),
      { seed: 2, numRuns: 3000 },
    );
  });
});

describe('many patterns', () => {
  const paths = Array.from(
    { length: 100_000 },
    (_, i) => `src/m${i % 97}/p${i % 1009}/file${i}.t${i % 1500}`,
  );

  test.each([
    { name: 'paths', pattern: (i: number) => `src/m${i % 97}/p${i}/file${i}.t${i}` },
    { name: 'endings', pattern: (i: number) => `**/*.t${i}` },
    { name: 'names anywhere', pattern: (i: number) => `**/p${i}` },
    { name: 'negations', pattern: (i: number) => (i === 0 ? '**' : `!**/p${i}/*.t${i}`) },
    { name: 'wild ones', pattern: (i: number) => `**/m*${i % 10}/p?${i}*/f[h-j]l*.t*${i}` },
  ])('a thousand $name on 100,000 paths take little time', ({ pattern }) => {
    const before = process.cpuUsage();
    const matcher = matcherOf(Array.from({ length: 1000 }, (_, i) => pattern(i)));
    const count = paths.filter((path) => matcher.excluded(path)).length;
    const { user } = process.cpuUsage(before);
    expect(count).toBeGreaterThan(0);
    expect(user).toBeLessThan(2_000_000);
  });
});
