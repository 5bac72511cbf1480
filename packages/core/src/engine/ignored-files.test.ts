import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ignoredFiles } from './ignored-files.ts';

let context = '';
beforeEach(async () => {
  context = await mkdtemp(join(tmpdir(), 'wherry-ignored-'));
});
afterEach(() => rm(context, { recursive: true }));

async function put(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(context, name)), { recursive: true });
    await writeFile(join(context, name), text);
  }
}

const shown = async (dockerfile?: string) =>
  (await ignoredFiles({ context, ...(dockerfile !== undefined && { dockerfile }) })).map(
    ({ path, rule }) => `${path} ${rule.file.slice(context.length + 1)}:${rule.line} ${rule.pattern}`,
  );

test('lists what is kept out, each with its last line, and whole directories once', async () => {
  const ignore = '# comment\n**/*.log\nnode_modules\ndocs\n!docs/a.md\n';
  await put({ '.dockerignore': ignore, 'x/b.log': '', 'a.log': '', keep: '' });
  await put({ 'node_modules/m/i.js': '', 'docs/a.md': '', 'docs/b.md': '' });
  expect(await shown()).toEqual([
    'a.log .dockerignore:2 **/*.log',
    'docs/b.md .dockerignore:4 docs',
    'node_modules/ .dockerignore:3 node_modules',
    'x/b.log .dockerignore:2 **/*.log',
  ]);
});

test('the ignore file of a Dockerfile takes the place of the context’s', async () => {
  await put({ '.dockerignore': 'a\n', 'sub/D.dockerignore': 'b\n', 'sub/D': '', a: '', b: '' });
  expect(await shown(join(context, 'sub/D'))).toEqual(['b sub/D.dockerignore:1 b']);
  expect(await shown()).toEqual(['a .dockerignore:1 a']);
});

test('without an ignore file nothing is kept out; a pattern that is none is told with its line', async () => {
  await put({ a: '' });
  expect(await shown()).toEqual([]);
  await put({ '.dockerignore': 'x\n[\n' });
  await expect(ignoredFiles({ context })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('.dockerignore:2: '),
  });
});
