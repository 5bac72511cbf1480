import type { BuildDifference } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { imageId } from '../../../testing/build-events.ts';
import { runCli } from '../../../testing/run-cli.ts';

describe('build --verify', () => {
  const step = { number: 3, total: 4, stage: 0, text: 'RUN date > /now' };
  const images = [imageId('1'), imageId('2')] as const;
  const verified = (difference?: BuildDifference) => {
    const verifyBuild = async () => ({ id: images[0], warnings: [], ...(difference && { difference }) });
    return runCli(['build', '--verify', '.'], { engine: { verifyBuild } });
  };

  test('tells that two builds made the same', async () => {
    expect(await verified()).toMatchObject({ exitCode: 0, stdout: `Both builds made ${images[0]}\n` });
  });

  test.each<{ name: string; difference: BuildDifference; text: string }>([
    {
      name: 'a file',
      difference: {
        ...{ step, images, kind: 'file', layer: 1 },
        file: { path: '/now', kind: 'changed', changes: [{ what: 'mode', from: '0644', to: '0600' }] },
      },
      text: '/now: mode 0644, then 0600',
    },
    {
      name: 'a file that one alone has',
      difference: {
        ...{ step, images, kind: 'file', layer: 1 },
        file: { path: '/x', kind: 'gone', changes: [] },
      },
      text: '/x is in the first alone',
    },
    {
      name: 'a field of the config',
      difference: { step, images, kind: 'config', field: 'config.Env', from: '["A=1"]' },
      text: 'config.Env of the config: ["A=1"], then nothing',
    },
    {
      name: 'a layer',
      difference: { step, images, kind: 'layer', layer: 1 },
      text: 'layer 2 has the same files, written in another way',
    },
  ])('names $name that differs', async ({ difference, text }) => {
    const { exitCode, stdout } = await verified(difference);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('The builds differ from step 3 on: RUN date > /now\n');
    expect(stdout).toContain(text);
  });
});
