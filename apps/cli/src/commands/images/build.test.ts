import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildRequest, type Engine, type IgnoredFile, parseReference, WherryError } from '@wherry/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildEngine, imageId } from '../../testing/build-events.ts';
import { type CliSetup, runCli } from '../../testing/run-cli.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-build-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** What the engine is asked for. */
async function requested(argv: readonly string[], setup: CliSetup = {}): Promise<BuildRequest> {
  let asked: BuildRequest | undefined;
  const engine: Partial<Engine> = {
    build: async (request) => {
      asked = request;
      return { id: imageId('9'), names: [], warnings: [] };
    },
  };
  const { stderr } = await runCli(['build', ...argv], { engine, ...setup });
  if (asked === undefined) throw new Error(stderr);
  return asked;
}

const ref = parseReference;
const registry = (name: string) => ({ kind: 'registry', ref: ref(name) });

describe('what is asked of the engine', () => {
  test('is little where little is said', async () => {
    expect(await requested(['.'])).toEqual({
      context: { kind: 'directory', path: '.' },
      buildArgs: {},
      labels: {},
      namedContexts: {},
    });
  });

  test.each<{ flags: string[]; env?: Record<string, string>; request: Partial<BuildRequest> }>([
    { flags: ['-t', 'a:1', '-t', 'b'], request: { tags: [ref('a:1'), ref('b')] } },
    { flags: ['-f', 'x/Dockerfile'], request: { dockerfile: { kind: 'file', path: 'x/Dockerfile' } } },
    {
      flags: ['--build-arg', 'A=1=2', '--build-arg', 'HERE', '--build-arg', 'NOT'],
      env: { HERE: 'yes' },
      request: { buildArgs: { A: '1=2', HERE: 'yes', NOT: undefined } },
    },
    { flags: ['--label', 'l1=v1', '--label', 'l2'], request: { labels: { l1: 'v1', l2: '' } } },
    {
      flags: ['--platform', 'linux/amd64,linux/arm64', '--platform', 'linux/s390x'],
      request: {
        platforms: ['amd64', 'arm64', 's390x'].map((architecture) => ({ os: 'linux', architecture })),
      },
    },
    {
      flags: [],
      env: { DOCKER_DEFAULT_PLATFORM: 'linux/s390x', SOURCE_DATE_EPOCH: '12', DOCKER_BUILDKIT: '1' },
      request: { platforms: [{ os: 'linux', architecture: 's390x' }], epoch: 12 },
    },
    {
      flags: ['--build-arg', 'SOURCE_DATE_EPOCH=13'],
      env: { SOURCE_DATE_EPOCH: '12' },
      request: { buildArgs: { SOURCE_DATE_EPOCH: '13' }, epoch: 13 },
    },
    {
      flags: ['--no-cache', '--no-cache-filter', 'a,b', '--target', 't', '--pull', '--squash', '--explain'],
      request: {
        noCache: true,
        noCacheFilter: ['a', 'b'],
        target: 't',
        pull: true,
        squash: true,
        explain: true,
      },
    },
    { flags: ['--disable-content-trust=false'], request: { verify: true } },
    { flags: [], env: { DOCKER_CONTENT_TRUST: '1' }, request: { verify: true } },
    { flags: ['--network', 'none'], request: { network: 'none' } },
    { flags: ['--rm', '--force-rm', '--compress'], request: {} },
    {
      flags: ['--add-host', 'a:10.0.0.1', '--add-host', 'b=[::1]'],
      request: { extraHosts: ['a:10.0.0.1', 'b:::1'] },
    },
    {
      flags: [
        '--secret',
        'id=a,src=/x',
        '--secret',
        'id=b,env=B',
        '--secret',
        'type=env,id=c',
        '--secret',
        'id=d',
      ],
      request: {
        secrets: [
          { id: 'a', from: { kind: 'file', path: '/x' } },
          { id: 'b', from: { kind: 'env', name: 'B' } },
          { id: 'c', from: { kind: 'env', name: 'c' } },
          { id: 'd', from: { kind: 'file', path: 'd' } },
        ],
      },
    },
    {
      flags: ['--secret', 'id=d', '--secret', '"id=e","src=/with,comma"'],
      env: { d: 'x' },
      request: {
        secrets: [
          { id: 'd', from: { kind: 'env', name: 'd' } },
          { id: 'e', from: { kind: 'file', path: '/with,comma' } },
        ],
      },
    },
    {
      flags: ['--ssh', 'default', '--ssh', 'k=/a,/b=c'],
      request: {
        sshAgents: [
          { id: 'default', paths: [] },
          { id: 'k', paths: ['/a', '/b=c'] },
        ],
      },
    },
    {
      flags: [
        '--cache-from',
        'a,b:1',
        '--cache-from',
        'type=registry,ref=c',
        '--cache-from',
        'type=local,src=/d',
      ],
      request: {
        cacheFrom: [
          registry('a:latest'),
          registry('b:1'),
          registry('c:latest'),
          { kind: 'local', path: '/d' },
        ],
      } as Partial<BuildRequest>,
    },
    {
      flags: ['--cache-to', 'a', '--cache-to', 'type=local,dest=/d,mode=max,ignore-error=true'],
      request: {
        cacheTo: [
          { place: registry('a:latest'), mode: 'min' },
          { place: { kind: 'local', path: '/d' }, mode: 'max', ignoreError: true },
        ],
      } as Partial<BuildRequest>,
    },
    {
      flags: ['-o', 'out', '-o', 'type=tar,dest=x.tar', '-o', 'type=oci,dest=y.tar,name=n:1', '--load'],
      request: {
        outputs: [
          { kind: 'local', path: 'out' },
          { kind: 'tar', to: 'x.tar', names: [] },
          { kind: 'oci', to: 'y.tar', names: [ref('n:1')] },
          { kind: 'image', names: [] },
        ],
      },
    },
    {
      flags: [
        '-t',
        'a',
        '--push',
        '-o',
        'type=registry,name=b',
        '-o',
        'type=image,name=c,push=true',
        '-o',
        'type=docker',
      ],
      request: {
        tags: [ref('a')],
        outputs: [
          { kind: 'image', names: [ref('b')], push: true },
          { kind: 'image', names: [ref('c')], push: true },
          { kind: 'image', names: [] },
          { kind: 'image', names: [], push: true },
        ],
      },
    },
    {
      flags: ['--annotation', 'a=b', '--annotation', 'index,manifest[linux/arm64]:c:d=e=f'],
      request: {
        annotations: [
          { scope: 'manifest', key: 'a', value: 'b' },
          { scope: 'index', key: 'c:d', value: 'e=f' },
          { scope: 'manifest', platform: { os: 'linux', architecture: 'arm64' }, key: 'c:d', value: 'e=f' },
        ],
      },
    },
    {
      flags: [
        ...['--build-context', 'A=/x', '--build-context', 'b=docker-image://alpine:3'],
        ...['--build-context', 'c=https://example.com/r.git#main', '--build-context', 'd=oci-layout:///l:1'],
      ],
      request: {
        namedContexts: {
          a: { kind: 'directory', path: '/x' },
          b: { kind: 'image', ref: ref('alpine:3') },
          c: { kind: 'git', url: 'https://example.com/r.git#main' },
          d: { kind: 'layout', path: '/l', tag: '1' },
        },
      },
    },
    {
      flags: [
        ...['-m', '64m', '--memory-swap', '-1', '-c', '5', '--cpu-quota', '6', '--cpuset-cpus', '0'],
        ...['--shm-size', '1m', '--ulimit', 'nofile=1:2', '--cgroup-parent', 'p'],
        ...['--security-opt', 'seccomp=unconfined', '--security-opt', 'no-new-privileges'],
      ],
      request: {
        limits: {
          resources: {
            ...{ memoryBytes: 64 * 2 ** 20, memorySwapBytes: -1, cpuShares: 5, cpuQuota: 6, cpusetCpus: '0' },
          },
          shmSizeBytes: 2 ** 20,
          ulimits: [{ name: 'nofile', soft: 1, hard: 2 }],
          cgroupParent: 'p',
          seccomp: 'unconfined',
          noNewPrivileges: true,
        },
      },
    },
    { flags: ['--compression', 'zstd'], request: { compression: 'zstd' } },
    { flags: ['--provenance=false', '--sbom=false', '--attest', 'type=sbom,disabled=true'], request: {} },
  ])('$flags', async ({ flags, env = {}, request }) => {
    const { context: _, ...rest } = await requested([...flags, '.'], { env });
    expect(rest).toEqual({ buildArgs: {}, labels: {}, namedContexts: {}, ...request });
  });

  test.each([
    ['-', 'stream'],
    ['https://example.com/x.tar.gz', 'url'],
    ['https://example.com/x.git#v1:sub', 'git'],
    ['git@github.com:a/b', 'git'],
    ['github.com/a/b', 'git'],
    ['ssh://host/x', 'git'],
  ])('the context %s is a %s', async (operand, kind) => {
    expect((await requested([operand])).context.kind).toBe(kind);
  });

  test('the Dockerfile may come from standard input', async () => {
    expect((await requested(['-f', '-', '.'])).dockerfile?.kind).toBe('stream');
  });
});

describe('refuses', () => {
  test.each([
    [['-t', 'x:a b', '.'], '"x:a b" for "-t, --tag" flag: invalid reference format'],
    [
      ['--tag', 'A', '.'],
      '"A" for "-t, --tag" flag: invalid reference format: repository name (library/A) must be lowercase',
    ],
    [['-m', 'x', '.'], `"x" for "-m, --memory" flag: invalid size: 'x'`],
    [['--ulimit', 'x=1', '.'], '"x=1" for "--ulimit" flag: invalid ulimit type: x'],
    [['--build-arg', '=x', '.'], '"=x" for "--build-arg" flag: invalid environment variable: =x'],
    [['--secret', 'src=a', '.'], '"src=a" for "--secret" flag: a secret needs an id'],
    [['--secret', 'id=a,foo=b', '.'], `"id=a,foo=b" for "--secret" flag: unexpected key 'foo' in 'foo=b'`],
    [['--secret', 'id', '.'], '"id" for "--secret" flag: invalid field "id" must be a key=value pair'],
    [['--secret', 'id="a"b', '.'], '"id=\\"a\\"b" for "--secret" flag: a quote stands where none may stand'],
    [['-o', 'type=local', '.'], '"type=local" for "-o, --output" flag: dest is required for local output'],
    [
      ['-o', 'type=x', '.'],
      '"type=x" for "-o, --output" flag: type x is not offered: use docker, image, local, oci, registry or tar',
    ],
    [
      ['--cache-to', 'type=gha', '.'],
      '"type=gha" for "--cache-to" flag: type gha is not offered: use registry or local',
    ],
    [['--build-context', 'x', '.'], '"x" for "--build-context" flag: x must be formatted as name=value'],
    [['--annotation', 'x', '.'], '"x" for "--annotation" flag: x must be formatted as [scope:]key=value'],
    [['--progress', 'x', '.'], '"x" for "--progress" flag: use auto, plain, tty, rawjson'],
    [['--compression', 'x', '.'], '"x" for "--compression" flag: use gzip, zstd or none'],
    [['--add-host', 'x', '.'], '"x" for "--add-host" flag: bad format for add-host: "x"'],
  ])('%j', async (argv, fault) => {
    const { stderr, exitCode } = await runCli(['build', ...argv]);
    expect(stderr).toBe(
      `invalid argument ${fault}\n\nUsage:  wherry build [OPTIONS] PATH | URL | -\n\n` +
        `Run 'wherry build --help' for more information\n`,
    );
    expect(exitCode).toBe(125);
  });

  test.each([
    [['-f', '-', '-'], "invalid argument: can't use stdin for both build context and dockerfile"],
    [['--network', 'web', '.'], 'network web is not offered: use --network host, or --network none'],
    [['--push', '.'], 'tag is needed when pushing to registry'],
    [['-o', '-', '-o', 'type=oci', '.'], 'only one output can go to standard output'],
    [['--isolation', 'process', '.'], `Invalid isolation: "process" - linux only supports 'default'`],
    [['--call', 'targets', '.'], '--call targets is not offered: use --call build, or --call check'],
    [['--ignored', '-'], '--ignored needs a context that is a directory'],
    [['--security-opt', 'x', '.'], 'invalid --security-opt: "x"'],
    [['--rm=false', '.'], /^--rm=false is not offered: [^\n]*\n$/],
    [['--sbom=true', '.'], /^--sbom is not offered: [^\n]*\n$/],
    [['--provenance', 'mode=max', '.'], /^--provenance is not offered: [^\n]*\n$/],
    [['--attest', 'type=sbom', '.'], /^--attest is not offered: [^\n]*\n$/],
  ])('%j in one line', async (argv, text) => {
    const { stderr, exitCode } = await runCli(['build', ...argv]);
    if (typeof text === 'string') expect(stderr).toBe(`${text}\n`);
    else expect(stderr).toMatch(text);
    expect(exitCode).toBe(1);
  });

  test('a time that is none', async () => {
    const { stderr } = await runCli(['build', '.'], { env: { SOURCE_DATE_EPOCH: 'now' } });
    expect(stderr).toBe('invalid SOURCE_DATE_EPOCH "now": want seconds since 1970\n');
  });
});

describe('failures', () => {
  const step = { number: 1, total: 1, stage: 0, text: 'FROM a' };
  const error = new WherryError('INVALID_DOCUMENT', 'it failed');

  test.each([
    ['of the context come as they are', [], 'it failed\n'],
    [
      'of the Dockerfile behind a prefix',
      [{ kind: 'build-context', bytes: 1, isDone: true }],
      'Error: it failed\n',
    ],
    [
      'of steps as they are',
      [
        { kind: 'build-context', bytes: 1, isDone: true },
        { kind: 'build-step', step },
      ],
      'it failed\n',
    ],
  ] as const)('%s', async (_, events, text) => {
    const { stderr, exitCode } = await runCli(['build', '.'], { engine: buildEngine(events, error) });
    expect({ stderr, exitCode }).toEqual({ stderr: text, exitCode: 1 });
  });

  test('say nothing when the user gave up', async () => {
    const engine = buildEngine([{ kind: 'build-step', step }], new WherryError('CANCELLED', 'cancelled'));
    const { stderr, exitCode } = await runCli(['build', '.'], { engine });
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 130 });
  });
});

describe('result', () => {
  const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: imageId('7'), size: 5 };
  const result = { id: imageId('9'), target, names: [ref('a:1'), ref('b:2')], warnings: [] };

  test('files appear whole, with what BuildKit’s clients write', async () => {
    const [id, metadata] = [join(directory, 'iid'), join(directory, 'metadata')];
    const argv = ['build', '--iidfile', id, '--metadata-file', metadata, '.'];
    const { exitCode } = await runCli(argv, { engine: buildEngine([], result) });
    expect(exitCode).toBe(0);
    expect(await readFile(id, 'utf8')).toBe(imageId('9'));
    expect(JSON.parse(await readFile(metadata, 'utf8'))).toEqual({
      'containerimage.config.digest': imageId('9'),
      'containerimage.descriptor': target,
      'containerimage.digest': imageId('7'),
      'image.name': 'docker.io/library/a:1,docker.io/library/b:2',
    });
    expect((await readdir(directory)).sort()).toEqual(['iid', 'metadata']);
  });

  test('files of an earlier build are gone when this one fails', async () => {
    const id = join(directory, 'old');
    await writeFile(id, 'old');
    const engine = buildEngine([], new WherryError('INTERNAL', 'no'));
    await runCli(['build', '--iidfile', id, '.'], { engine });
    await expect(readFile(id)).rejects.toThrow('ENOENT');
  });

  test('that goes to standard output has nothing beside it', async () => {
    const engine: Partial<Engine> = {
      build: async ({ outputs = [] }, options) => {
        options?.onBuildEvent?.({ kind: 'build-warning', message: 'hm' });
        for (const output of outputs)
          if (output.kind === 'tar' && typeof output.to !== 'string') await output.to(Buffer.from('TAR'));
        return result;
      },
    };
    const { stdout, stderr } = await runCli(['build', '-o', '-', '.'], { engine });
    expect({ stdout, stderr }).toEqual({ stdout: 'TAR', stderr: '[Warning] hm\n' });
    const tty = { columns: 80, rows: 24 };
    expect((await runCli(['build', '-o', '-', '.'], { engine, tty })).stderr).toContain(
      'dest is required for it: a terminal takes no archive',
    );
  });
});

describe('--check', () => {
  const warning = {
    rule: 'JSONArgsRecommended',
    message: 'JSON arguments recommended\u001b',
    description: 'x',
    location: { startLine: 2, endLine: 2 },
  };
  const engine = (warnings: (typeof warning)[]): Partial<Engine> => ({
    build: async ({ check }) => {
      expect(check).toBe(true);
      return { names: [], warnings };
    },
  });

  test.each([['--check'], ['--call=check']])('%s prints a line for each finding', async (flag) => {
    const found = await runCli(['build', flag, '-f', 'D', '.'], { engine: engine([warning]) });
    expect(found.stdout).toBe('D:2: JSONArgsRecommended: JSON arguments recommended \n');
    expect(found.exitCode).toBe(1);
    const none = await runCli(['build', flag, '.'], { engine: engine([]) });
    expect(none).toMatchObject({ stdout: 'Check complete, no warnings found.\n', exitCode: 0 });
  });
});

describe('--ignored', () => {
  const rule = { file: '.dockerignore', line: 2, pattern: '*.log' };
  const engine = (asked: object, ...files: IgnoredFile[]): Partial<Engine> => ({
    ignoredFiles: async (request) => {
      expect(request).toEqual(asked);
      return files;
    },
  });

  test('lists paths with the lines that keep them out', async () => {
    const file = { path: 'a.log', isIgnored: true, rule };
    const { stdout } = await runCli(['build', '--ignored', '-f', 'D', '.'], {
      engine: engine({ context: '.', dockerfile: 'D' }, file),
    });
    expect(stdout).toBe('PATH      LINE              PATTERN\na.log     .dockerignore:2   *.log\n');
  });

  test('tells of one path, in or out', async () => {
    const argv = ['build', '--ignored=a.log', '.'];
    const asked = { context: '.', path: 'a.log' };
    const out = await runCli(argv, { engine: engine(asked, { path: 'a.log', isIgnored: true, rule }) });
    expect(out.stdout).toBe('a.log is kept out, by .dockerignore:2: *.log\n');
    const within = await runCli(argv, { engine: engine(asked, { path: 'a.log', isIgnored: false }) });
    expect(within.stdout).toBe('a.log is in the context\n');
  });
});
