import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ignoredFiles } from './ignored-files.ts';

let context = '';
beforeEach(async () => {
  context = await realpath(await mkdtemp(join(tmpdir(), 'wherry-ignored-')));
  await put({ Dockerfile: '' });
});
afterEach(() => rm(context, { recursive: true }));

async function put(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(context, name)), { recursive: true });
    await writeFile(join(context, name), text);
  }
}

async function shown(parts: { readonly dockerfile?: string; readonly path?: string } = {}) {
  const found = await ignoredFiles({ context, ...parts });
  return found.map(({ path, isIgnored, rule }) => {
    const line = rule === undefined ? '' : ` ${rule.file}:${rule.line} ${rule.pattern}`;
    return `${path} ${isIgnored ? 'out' : 'in'}${line}`;
  });
}

test('lists what is kept out, each with the line that does, and whole directories once', async () => {
  const ignore = '# comment\n**/*.log\nnode_modules\ndocs\n!docs/a.md\n';
  await put({ '.dockerignore': ignore, 'x/b.log': '', 'a.log': '', keep: '' });
  await put({ 'node_modules/m/i.js': '', 'docs/a.md': '', 'docs/b.md': '' });
  expect(await shown()).toEqual([
    'a.log out .dockerignore:2 **/*.log',
    'docs out .dockerignore:4 docs',
    'docs/b.md out .dockerignore:4 docs',
    'node_modules out .dockerignore:3 node_modules',
    'x/b.log out .dockerignore:2 **/*.log',
  ]);
  expect(await shown({ path: 'docs/a.md' })).toEqual(['docs/a.md in .dockerignore:5 !docs/a.md']);
  expect(await shown({ path: './nosuch.log' })).toEqual(['nosuch.log out .dockerignore:2 **/*.log']);
});

test('the ignore file of a Dockerfile takes the place of the context’s', async () => {
  await put({ '.dockerignore': 'a\n', 'sub/D.dockerignore': 'b\n', 'sub/D': '', a: '', b: '' });
  expect(await shown({ dockerfile: join(context, 'sub/D') })).toEqual(['b out sub/D.dockerignore:1 b']);
  expect(await shown()).toEqual(['a out .dockerignore:1 a']);
});

test('without an ignore file nothing is kept out', async () => {
  expect(await shown()).toEqual([]);
  expect(await shown({ path: 'x' })).toEqual(['x in']);
});

test('a bad pattern, and a path that leads out, are refused', async () => {
  await put({ '.dockerignore': 'x\n' });
  await expect(shown({ path: '../x' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await put({ '.dockerignore': 'x\n[\n' });
  await expect(shown()).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'error checking context: syntax error in pattern',
  });
});
