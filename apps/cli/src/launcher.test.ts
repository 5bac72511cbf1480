import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';

const SOURCE = readFileSync(new URL('./launcher.cjs', import.meta.url), 'utf8');

function launch(version: string) {
  const written: string[] = [];
  const warned: unknown[] = [];
  const required: string[] = [];
  let exitCode: number | undefined;
  const process = {
    versions: { node: version },
    stderr: { write: (text: string) => written.push(text) },
    exit: (code: number) => {
      exitCode = code;
      throw new Error('exit');
    },
    emitWarning: (warning: unknown) => warned.push(warning),
  };
  try {
    runInNewContext(SOURCE, { process, require: (name: string) => required.push(name) });
  } catch (error) {
    if (exitCode === undefined) throw error;
  }
  return { written, warned, required, exitCode, emitWarning: process.emitWarning };
}

describe('the launcher', () => {
  test.each(['12.22.0', '20.20.2', '22.18.9'])('refuses Node %s in one line', (version) => {
    const { written, required, exitCode } = launch(version);
    expect(exitCode).toBe(1);
    expect(written).toEqual([`wherry: needs Node.js 22.19 or newer, this is ${version}\n`]);
    expect(required).toEqual([]);
  });

  test.each(['22.19.0', '22.20.1', '24.0.0', '30.1.2'])('starts on Node %s', (version) => {
    expect(launch(version)).toMatchObject({ required: ['./main.js'], exitCode: undefined, written: [] });
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
