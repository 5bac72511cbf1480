import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneGitContext } from './git.ts';

const hasGit = spawnSync('git', ['--version']).status === 0;
const COMMITTED_AT = 1_600_000_000;

describe.runIf(hasGit)('a git repository (needs git)', () => {
  let scratch: string;
  let first: string;
  let count = 0;
  const protocols = ['file'];
  const remote = () => `file://${scratch}/remote`;
  const place = () => join(scratch, `clone-${count++}`);

  function git(cwd: string, ...args: string[]): string {
    const env = {
      ...process.env,
      ...{
        GIT_AUTHOR_NAME: 'a',
        GIT_AUTHOR_EMAIL: 'a@b',
        GIT_COMMITTER_NAME: 'a',
        GIT_COMMITTER_EMAIL: 'a@b',
      },
      ...{ GIT_COMMITTER_DATE: `${COMMITTED_AT} +0200`, GIT_ALLOW_PROTOCOL: 'file' },
    };
    return execFileSync('git', args, {
      cwd,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  }

  function makeRepository(name: string, files: Readonly<Record<string, string>>): string {
    const directory = join(scratch, name);
    mkdirSync(directory, { recursive: true });
    git(directory, 'init', '--quiet', '--initial-branch=main');
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(directory, path, '..'), { recursive: true });
      writeFileSync(join(directory, path), content);
    }
    git(directory, 'add', '.');
    git(directory, 'commit', '--quiet', '-m', name);
    return directory;
  }

  beforeAll(() => {
    scratch = realpathSync(mkdtempSync(join(tmpdir(), 'wherry-git-')));
    makeRepository('innermost', { deep: 'deep' });
    const inner = makeRepository('inner', { lib: 'lib' });
    git(inner, 'submodule', '--quiet', 'add', `file://${scratch}/innermost`, 'below');
    git(inner, 'commit', '--quiet', '-m', 'submodule');
    const directory = makeRepository('remote', {
      Dockerfile: 'FROM one\n',
      'sub/file': 'sub',
      tool: '#!/bin/sh\n',
    });
    first = git(directory, 'rev-parse', 'HEAD');
    git(directory, 'tag', 'v1');
    writeFileSync(join(directory, 'Dockerfile'), 'FROM two\n');
    chmodSync(join(directory, 'tool'), 0o755);
    symlinkSync('/etc', join(directory, 'out'));
    git(directory, 'add', '.');
    git(directory, 'commit', '--quiet', '-m', 'two');
    const parent = makeRepository('parent', { Dockerfile: 'FROM three\n' });
    git(parent, 'submodule', '--quiet', 'add', `file://${scratch}/inner`, 'module');
    git(parent, 'commit', '--quiet', '-m', 'submodule');
  });

  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  test('is checked out, without what is git’s', async () => {
    const directory = place();
    const cloned = await cloneGitContext({ remote: remote() }, directory, { protocols });
    expect(cloned).toEqual({
      directory,
      commit: git(join(scratch, 'remote'), 'rev-parse', 'HEAD'),
      committedAt: COMMITTED_AT,
    });
    expect(readdirSync(directory).sort()).toEqual(['Dockerfile', 'out', 'sub', 'tool']);
    expect(readFileSync(join(directory, 'Dockerfile'), 'utf8')).toBe('FROM two\n');
  });

  test('comes with its submodules, and theirs', async () => {
    const directory = place();
    await cloneGitContext({ remote: `file://${scratch}/parent` }, directory, { protocols });
    expect(readFileSync(join(directory, 'module/lib'), 'utf8')).toBe('lib');
    expect(readFileSync(join(directory, 'module/below/deep'), 'utf8')).toBe('deep');
    for (const path of ['.git', 'module/.git', 'module/below/.git'])
      expect(existsSync(join(directory, path))).toBe(false);
  });

  test.runIf(process.platform !== 'win32')('has modes that do not depend on the umask', async () => {
    const directory = place();
    const before = process.umask(0o077);
    try {
      await cloneGitContext({ remote: remote() }, directory, { protocols });
    } finally {
      process.umask(before);
    }
    expect(statSync(join(directory, 'Dockerfile')).mode & 0o777).toBe(0o644);
    expect(statSync(join(directory, 'tool')).mode & 0o777).toBe(0o755);
  });

  test.each([
    { name: 'a tag', ref: () => 'v1' },
    { name: 'a commit', ref: () => first },
    { name: 'a commit by its first digits', ref: () => first.slice(0, 8) },
  ])('is checked out at $name', async ({ ref }) => {
    const directory = place();
    const cloned = await cloneGitContext({ remote: remote(), ref: ref() }, directory, { protocols });
    expect(cloned.commit).toBe(first);
    expect(readFileSync(join(directory, 'Dockerfile'), 'utf8')).toBe('FROM one\n');
  });

  test('is fetched without its history, which stays when it is asked for', async () => {
    const directory = place();
    await cloneGitContext({ remote: remote(), ref: 'main' }, directory, {
      protocols,
      keepGitDirectory: true,
    });
    expect(git(directory, 'rev-list', '--count', 'HEAD')).toBe('1');
  });

  test('gives a directory in it', async () => {
    const directory = place();
    const source = { remote: remote(), subdirectory: 'sub' };
    expect((await cloneGitContext(source, directory, { protocols })).directory).toBe(join(directory, 'sub'));
  });

  test.each([
    { subdirectory: 'out', fault: '"out" not within git root' },
    { subdirectory: 'nosuch', fault: '"nosuch" not found in the repository' },
    { subdirectory: 'tool', fault: 'not a directory: tool' },
  ])('gives no $subdirectory', async ({ subdirectory, fault }) => {
    await expect(
      cloneGitContext({ remote: remote(), subdirectory }, place(), { protocols }),
    ).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: `unable to prepare context: error setting git context, ${fault}`,
    });
  });

  test.each([
    { name: 'no such branch', source: () => ({ remote: remote(), ref: 'nosuch' }), options: { protocols } },
    { name: 'no such repository', source: () => ({ remote: `${remote()}-not` }), options: { protocols } },
    { name: 'a protocol that is not allowed', source: () => ({ remote: remote() }), options: {} },
    { name: 'a program for a protocol', source: () => ({ remote: 'ext::touch pwned' }), options: {} },
  ])('is refused with $name', async ({ source, options }) => {
    const directory = place();
    await expect(cloneGitContext(source(), directory, options)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(
        /^unable to prepare context: unable to 'git clone' .*: git fetch: fatal: /,
      ),
    });
    expect(existsSync(join(directory, 'pwned'))).toBe(false);
  });

  test('needs git', async () => {
    await expect(
      cloneGitContext({ remote: remote() }, place(), { env: { PATH: '/nowhere' } }),
    ).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: expect.stringContaining("unable to find 'git'"),
    });
  });

  test('is not taken for the repository in which a hook runs us', async () => {
    const directory = place();
    const env = { ...process.env, GIT_DIR: join(scratch, 'inner/.git'), GIT_WORK_TREE: scratch };
    await cloneGitContext({ remote: remote() }, directory, { protocols, env });
    expect(existsSync(join(directory, 'Dockerfile'))).toBe(true);
    expect(existsSync(join(scratch, 'inner/.git'))).toBe(true);
  });

  test('that does not answer is given up when it is cancelled', async () => {
    const controller = new AbortController();
    const server: Server = createServer(() => controller.abort());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const cloning = cloneGitContext({ remote: `git://127.0.0.1:${port}/x` }, place(), {
      signal: controller.signal,
    });
    await expect(cloning).rejects.toMatchObject({ code: 'CANCELLED' });
    server.close();
  });
});
