import { describe, expect, test } from 'vitest';
import type { SourceNode } from '../source-tree.ts';
import { parseIgnoreRules } from './ignore-rules.ts';
import { decideIgnored, listIgnored } from './ignored.ts';

const rulesOf = (...lines: string[]) => parseIgnoreRules('.dockerignore', Buffer.from(lines.join('\n')));
const rule = (line: number, pattern: string) => ({ file: '.dockerignore', line, pattern });

/** A directory of what is in `content`: objects are directories, all else files. */
function nodeOf(content: unknown): SourceNode {
  const facts = { mode: 0o755, uid: 0, gid: 0, size: 0, mtime: 0, mtimeNs: 0, devMajor: 0, devMinor: 0 };
  const link = new Uint8Array(0);
  if (typeof content !== 'object' || content === null) return { ...facts, type: 'file', link };
  const children = Object.entries(content).map(([name, child]) => [name, nodeOf(child)] as const);
  return { ...facts, type: 'directory', link, children: new Map(children) };
}

describe('one path', () => {
  const rules = rulesOf('# sizes', '*.log', '!keep.log', 'node_modules');

  test.each([
    { path: 'x.log', decision: { path: 'x.log', isExcluded: true, rule: rule(2, '*.log') } },
    { path: './keep.log', decision: { path: 'keep.log', isExcluded: false, rule: rule(3, '!keep.log') } },
    {
      path: 'node_modules/a/',
      decision: { path: 'node_modules/a', isExcluded: true, rule: rule(4, 'node_modules') },
    },
    { path: 'src/x.log', decision: { path: 'src/x.log', isExcluded: false } },
    { path: '.', decision: { path: '.', isExcluded: false } },
  ])('$path is decided by the line that has the last word', ({ path, decision }) => {
    expect(decideIgnored(rules, path)).toEqual(decision);
  });

  test.each(['../x', '/etc', 'a/../..'])('%s is outside', (path) => {
    expect(() => decideIgnored(rules, path)).toThrow(`${path} is outside of the build context`);
  });
});

test('all paths are listed once, directories as a whole where nothing in them is left', () => {
  const rules = rulesOf('*', '!src', 'src/skip', '!docs/keep', '\u00fc');
  const root = nodeOf({
    src: { a: 1, skip: { deep: 1 } },
    docs: { keep: 1, x: 1 },
    lib: { a: 1 },
    '\xc3\xbc': 1,
  });
  const listed = [...listIgnored(rules, root)];
  expect(listed.map(({ path }) => path)).toEqual(['docs', 'docs/x', 'lib', 'src/skip', 'ü']);
  expect(listed[3]).toEqual({ path: 'src/skip', isExcluded: true, rule: rule(3, 'src/skip') });
});
