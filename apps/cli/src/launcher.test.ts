import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';

const SOURCE = readFileSync(new URL('./launcher.cjs', import.meta.url), 'utf8');

function launch(version: string, env: Record<string, string> = {}, platform = 'linux', command = 'images') {
  const written: string[] = [];
  const warned: unknown[] = [];
  const required: string[] = [];
  const caches: string[] = [];
  const made: string[] = [];
  let exitCode: number | undefined;
  const process = {
    argv: ['node', 'wherry.js', command],
    versions: { node: version },
    env,
    platform,
    getuid: () => 1000,
    stderr: { write: (text: string) => written.push(text) },
    exit: (code: number) => {
      exitCode = code;
      throw new Error('exit');
    },
    getBuiltinModule: () => ({
      enableCompileCache: (path: string) => caches.push(path),
      mkdirSync: (path: string) => {
        made.push(path);
        if (path.startsWith('/none')) throw Object.assign(new Error('no such directory'), { code: 'ENOENT' });
        throw Object.assign(new Error('is there'), { code: 'EEXIST' });
      },
      statSync: (path: string) => ({ uid: path.startsWith('/other') ? 1001 : 1000 }),
    }),
    emitWarning: (warning: unknown) => warned.push(warning),
  };
  try {
    runInNewContext(SOURCE, { process, require: (name: string) => required.push(name) });
  } catch (error) {
    if (exitCode === undefined) throw error;
  }
  return { written, warned, required, caches, made, exitCode, emitWarning: process.emitWarning };
}

describe('the launcher', () => {
  test.each(['12.22.0', '20.20.2', '22.18.9'])('refuses Node %s in one line', (version) => {
    const { written, required, exitCode } = launch(version);
    expect(exitCode).toBe(1);
    expect(written).toEqual([`wherry: needs Node.js 22.19 or newer, this is ${version}\n`]);
    expect(required).toEqual([]);
  });

  test('answers a shell without what runs commands', () => {
    expect(launch('24.0.0', {}, 'linux', '__complete')).toMatchObject({ required: ['./complete.js'] });
  });

  test.each(['22.19.0', '22.20.1', '24.0.0', '30.1.2'])('starts on Node %s', (version) => {
    expect(launch(version)).toMatchObject({ required: ['./main.js'], exitCode: undefined, written: [] });
  });

  test.each([
    { env: { HOME: '/h' }, platform: 'linux', cache: '/h/.cache/wherry/compiled' },
    { env: { HOME: '/h', XDG_CACHE_HOME: '/x' }, platform: 'linux', cache: '/x/wherry/compiled' },
    { env: { HOME: '/h' }, platform: 'darwin', cache: '/h/Library/Caches/wherry/compiled' },
    { env: { LOCALAPPDATA: 'C:\\L' }, platform: 'win32', cache: 'C:\\L/wherry/compiled' },
  ])('keeps compiled code in $cache', ({ env, platform, cache }) => {
    expect(launch('24.0.0', env, platform).caches).toEqual([cache]);
  });

  test.each([{}, { HOME: '/none' }, { XDG_CACHE_HOME: '/none/x' }, { HOME: '/other' }])(
    'keeps no compiled code for a user without a directory of their own: %j',
    (env) => {
      expect(launch('24.0.0', env)).toMatchObject({ caches: [], required: ['./main.js'] });
    },
  );

  test('makes no directory where Node is told to keep none', () => {
    const env = { HOME: '/h', NODE_DISABLE_COMPILE_CACHE: '1' };
    expect(launch('24.0.0', env)).toMatchObject({ caches: [], made: [], required: ['./main.js'] });
  });

  test('keeps back the warning about SQLite, and no other', () => {
    const { emitWarning, warned } = launch('22.19.0');
    emitWarning('SQLite is an experimental feature and might change at any time');
    emitWarning('something else');
    expect(warned).toEqual(['something else']);
  });

  test('is written in what the oldest Node that it answers can read', () => {
    expect(SOURCE).not.toMatch(/\?\.|\?\?|\|\|=|import|node:|\basync\b|\d_\d/);
  });
});
