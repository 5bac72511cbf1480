import {
  type Digest,
  type Engine,
  type ImageInspection,
  type LoadRequest,
  type PlatformChoice,
  type PushRequest,
  type RemoveRequest,
  type SaveRequest,
  WherryError,
} from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

const ID = `sha256:${'a'.repeat(64)}` as Digest;
const ARM64 = { os: 'linux', architecture: 'arm64' };
const ARM7 = { os: 'linux', architecture: 'arm', variant: 'v7' };
const TARGET = { mediaType: '', digest: ID, size: 1 };
const INSPECTION: ImageInspection = {
  Id: ID,
  RepoTags: [],
  RepoDigests: [],
  Parent: '',
  Comment: '',
  Created: '',
};
/** The default platform of a pull: it is of no matter to what is here. */
const ENV = { DOCKER_DEFAULT_PLATFORM: 'linux/s390x' };

/** An engine that remembers what platform it was asked for. */
function asking() {
  const asked: unknown[] = [];
  const engine: Partial<Engine> = {
    history: async (_image: string, choice?: PlatformChoice) => {
      asked.push(choice?.platform);
      return [];
    },
    inspect: async (_image: string, choice?: PlatformChoice) => {
      asked.push(choice?.platform);
      return INSPECTION;
    },
    push: async ({ ref, platform }: PushRequest) => {
      asked.push(platform);
      return { ref, target: TARGET };
    },
    remove: async ({ platforms }: RemoveRequest) => {
      asked.push(platforms);
      return [];
    },
    save: async function* ({ platforms }: SaveRequest) {
      asked.push(platforms);
      yield Buffer.from('archive');
    },
    load: async ({ platforms }: LoadRequest) => {
      asked.push(platforms);
      return [];
    },
  };
  return { asked, engine };
}

describe('--platform', () => {
  test.each([
    { argv: ['history', '--platform', 'linux/arm64', 'x'], platform: ARM64 },
    { argv: ['image', 'inspect', '--platform=linux/arm64', 'x'], platform: ARM64 },
    { argv: ['push', '--platform', 'linux/arm/v7', 'x'], platform: ARM7 },
    { argv: ['history', 'x'], platform: undefined },
    { argv: ['image', 'inspect', '--platform', '', 'x'], platform: undefined },
    { argv: ['push', 'x'], platform: undefined },
  ])('names one image: $argv', async ({ argv, platform }) => {
    const { asked, engine } = asking();
    expect((await runCli(argv, { engine, env: ENV })).exitCode).toBe(0);
    expect(asked).toEqual([platform]);
  });

  test.each([
    { argv: ['rmi', '--platform', 'linux/arm64,linux/arm/v7', 'x'], platforms: [ARM64, ARM7] },
    { argv: ['save', '--platform=linux/arm64', '--platform', 'linux/arm/v7', 'x'], platforms: [ARM64, ARM7] },
    { argv: ['load', '--platform', 'linux/arm64'], platforms: [ARM64] },
    { argv: ['load', '--platform', ''], platforms: undefined },
    { argv: ['save', 'x'], platforms: undefined },
  ])('names several: $argv', async ({ argv, platforms }) => {
    const { asked, engine } = asking();
    expect((await runCli(argv, { engine, env: ENV })).exitCode).toBe(0);
    expect(asked).toEqual([platforms]);
  });

  const fault = '"a/b/c/d": cannot parse platform specifier: invalid argument\n';
  test.each([
    { argv: ['history', '--platform', 'a/b/c/d', 'x'], stderr: `invalid platform: ${fault}` },
    { argv: ['save', '--platform', 'linux/amd64,a/b/c/d', 'x'], stderr: `invalid platform: ${fault}` },
    { argv: ['load', '--platform', 'a/b/c/d'], stderr: `invalid platform: ${fault}` },
    { argv: ['rmi', '--platform', 'a/b/c/d', 'x'], stderr: fault },
    { argv: ['push', '--platform', 'a/b/c/d', 'x'], stderr: fault },
    { argv: ['image', 'inspect', '--platform', 'a/b/c/d', 'x'], stderr: fault },
  ])('is refused as Docker refuses it: $argv', async ({ argv, stderr }) => {
    const result = await runCli(argv);
    expect(result).toMatchObject({ exitCode: 1, stdout: '', opened: [] });
    expect(result.stderr).toMatch(stderr);
    expect(result.stderr.startsWith(stderr.slice(0, 5))).toBe(true);
  });

  const message =
    'image with reference x:1 was found but does not provide the specified platform (linux/arm64)';
  const missing = () => Promise.reject(new WherryError('PLATFORM_UNKNOWN', message));
  test.each([
    { argv: ['history', '--platform', 'linux/arm64', 'x:1'], stdout: '' },
    { argv: ['image', 'inspect', '--platform', 'linux/arm64', 'x:1'], stdout: '[]\n' },
    { argv: ['rmi', '--platform', 'linux/arm64', 'x:1'], stdout: '' },
  ])('is told when it is not here: $argv', async ({ argv, stdout }) => {
    const engine = { history: missing, inspect: missing, remove: missing };
    expect(await runCli(argv, { engine })).toMatchObject({
      exitCode: 1,
      stdout,
      stderr: `Error: ${message}\n`,
    });
  });

  test('of a push says what stays behind, but not to who wants it quiet', async () => {
    const { engine } = asking();
    const argv = ['--platform', 'linux/arm64', 'x:1'];
    expect((await runCli(['push', ...argv], { engine })).stdout).toBe(
      '\n Info -> Using --platform pushes only the specified platform manifest of a multi-platform image index.\n' +
        '         Other components, like attestations, will not be included.\n' +
        '         To push the complete multi-platform image, remove the --platform flag.\n\n' +
        'The push refers to repository [docker.io/library/x]\n',
    );
    expect((await runCli(['push', '-q', ...argv], { engine })).stdout).toBe('docker.io/library/x:1\n');
  });
});
