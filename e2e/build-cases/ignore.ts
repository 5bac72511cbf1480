import type { BuildCase } from './case.ts';

const FILES = {
  'a.txt': 'a',
  'b.log': 'b',
  'src/a.txt': 'a',
  'src/b.log': 'b',
  'src/deep/c.log': 'c',
  'src/deep/keep.log': 'k',
  'node_modules/x/y': 'y',
  'build/out': 'o',
  'build/keep/this': 't',
  '.git/config': 'g',
  '.env': 'e',
} as const;

/** What `.dockerignore` keeps out of a context. */
export const IGNORE_CASES: readonly BuildCase[] = (
  [
    ['names and directories', ['# comment', '', 'node_modules', '/b.log', 'build/', '.git']],
    ['wildcards', ['*.log', '**/deep', '*/*.txt', '.e?v', 'src/[ab].log']],
    ['exceptions', ['**/*.log', '!**/keep.log', 'build', '!build/keep', '.*', '!.env']],
    ['exceptions that are taken back', ['*', '!src', 'src/deep', '!src/deep/keep.log', '!Dockerfile']],
    [
      'blanks, dots and slashes',
      ['  a.txt  ', './b.log', 'src/../build', '/src//deep/', '!  src/deep/keep.log'],
    ],
    ['everything but a file', ['**', '!a.txt']],
  ] as const
).map(
  ([name, dockerignore]): BuildCase => ({
    name: `ignored: ${name}`,
    dockerfile: ['FROM scratch', 'COPY . /'],
    files: FILES,
    dockerignore,
    builder: 'both',
  }),
);
