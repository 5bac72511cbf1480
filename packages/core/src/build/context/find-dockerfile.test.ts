import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findDockerfile, resolveContextDirectory } from './find-dockerfile.ts';
import { parseIgnoreRules, readIgnoreRules } from './ignore-rules.ts';

let scratch: string;
let root: string;

beforeEach(() => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), 'wherry-dockerfile-')));
  root = join(scratch, 'context');
  mkdirSync(root);
});

afterEach(() => {
  rmSync(scratch, { recursive: true, force: true });
});

function put(path: string, content = ''): string {
  const full = join(scratch, path);
  mkdirSync(join(full, '..'), { recursive: true });
  writeFileSync(full, content);
  return full;
}

describe('the directory of a context', () => {
  test('has no links left in it', async () => {
    symlinkSync(root, join(scratch, 'link'));
    expect(await resolveContextDirectory(join(scratch, 'link'))).toBe(root);
  });

  test('must be there', async () => {
    await expect(resolveContextDirectory(`${scratch}/nosuch`)).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: `unable to prepare context: path "${scratch}/nosuch" not found`,
    });
  });

  test('must be a directory', async () => {
    await expect(resolveContextDirectory(put('file'))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `unable to prepare context: context must be a directory: ${scratch}/file`,
    });
  });
});

describe('a Dockerfile', () => {
  test.each([
    { name: 'by its default name', files: ['context/Dockerfile', 'context/dockerfile'], want: 'Dockerfile' },
    { name: 'by the name in lower case', files: ['context/dockerfile'], want: 'dockerfile' },
    { name: 'by a path', files: ['context/docker/x'], file: 'context/docker/x', want: 'docker/x' },
    { name: 'outside of the context', files: ['elsewhere'], file: 'elsewhere', want: undefined },
    { name: 'whose name begins with dots', files: ['context/..x'], file: 'context/..x', want: '..x' },
  ])('is found $name', async ({ files, file, want }) => {
    for (const each of files) put(each);
    const found = await findDockerfile(root, file, scratch);
    expect(found.name).toBe(want);
    expect(found.realPath).toBe(join(scratch, file ?? `context/${want}`));
  });

  test('may be a link, and keeps the name it was asked for', async () => {
    symlinkSync(put('elsewhere/real'), join(root, 'Dockerfile'));
    expect(await findDockerfile(root)).toEqual({
      path: join(root, 'Dockerfile'),
      realPath: join(scratch, 'elsewhere/real'),
      name: undefined,
    });
  });

  const failed = 'unable to prepare context: unable to evaluate symlinks in Dockerfile path:';
  test.each([
    {
      name: 'none',
      file: undefined,
      message: (at: string) => `${failed} lstat ${at}/context/Dockerfile: no such file or directory`,
    },
    {
      name: 'no such one',
      file: 'nosuch',
      message: (at: string) => `${failed} lstat ${at}/nosuch: no such file or directory`,
    },
    {
      name: 'no such directory',
      file: 'no/such/one',
      message: (at: string) => `${failed} lstat ${at}/no: no such file or directory`,
    },
    { name: 'a file on the way', file: 'file/x', message: () => `${failed} not a directory` },
    { name: 'a circle of links', file: 'loop', message: () => `${failed} EvalSymlinks: too many links` },
    { name: 'a directory', file: 'context', message: (at: string) => `read ${at}/context: is a directory` },
  ])('is missed where there is $name', async ({ file, message }) => {
    put('file');
    symlinkSync('loop', join(scratch, 'loop'));
    await expect(findDockerfile(root, file, scratch)).rejects.toThrow(message(scratch));
  });
});

describe('ignore rules', () => {
  test('of a Dockerfile of its own win over those of the context', async () => {
    put('context/.dockerignore', 'a');
    const dockerfile = put('context/docker/x');
    expect((await readIgnoreRules(root, dockerfile))?.file).toBe(join(root, '.dockerignore'));
    put('context/docker/x.dockerignore', '');
    const rules = await readIgnoreRules(root, dockerfile);
    expect(rules?.file).toBe(`${dockerfile}.dockerignore`);
    expect(rules?.matcher.excluded('a')).toBe(false);
  });

  test('need not be there', async () => {
    expect(await readIgnoreRules(root)).toBeUndefined();
  });

  test('are refused with the line that is wrong', () => {
    expect(() => parseIgnoreRules('.dockerignore', Buffer.from('a\n[\n'))).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: 'error checking context: syntax error in pattern',
        details: { file: '.dockerignore', line: 2, pattern: '[' },
      }),
    );
  });

  test('are no directory', async () => {
    mkdirSync(join(root, '.dockerignore'));
    await expect(readIgnoreRules(root)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
