import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SOURCES = dirname(fileURLToPath(import.meta.url));
const STATIC_IMPORT = /^(?:import|export)(?! type )[^'"`;]*?from '([^']+)';/gm;

/** What a file loads before it runs, and what that loads, as far as it is ours. */
function loadedBy(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const [, specifier = ''] of readFileSync(path, 'utf8').matchAll(STATIC_IMPORT))
    if (specifier.startsWith('.')) loadedBy(join(dirname(path), specifier), seen);
    else seen.add(specifier);
  return seen;
}

test.each(
  ['main.ts', ...globSync('commands/**/*.ts', { cwd: SOURCES })].filter((path) => !/\.test\./.test(path)),
)('%s starts without the language of templates', (path) =>
  expect([...loadedBy(join(SOURCES, path))]).not.toContain('@wherry/gotemplate'),
);

test('a format loads it', () => {
  expect([...loadedBy(join(SOURCES, 'output/row-template.ts'))]).toContain('@wherry/gotemplate');
});

test('completion starts without commander, and without the engine', () => {
  const loaded = [...loadedBy(join(SOURCES, 'completion/main.ts'))];
  expect(loaded).not.toContain('commander');
  expect(loaded.filter((path) => /open-engine|run\.ts|commands\//.test(path))).toEqual([]);
});

test('nothing asks for the whole library at run time, which would put all of it into what every command loads', () => {
  const sources = globSync('**/*.ts', { cwd: SOURCES, exclude: ['**/*.test.ts', 'testing/**'] });
  const isWhole = (path: string) =>
    /(?<!typeof )import\('@wherry\/core'\)|import \* as \w+ from '@wherry\/core'/.test(
      readFileSync(join(SOURCES, path), 'utf8'),
    );
  expect(sources.filter(isWhole)).toEqual([]);
});
