import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CheckResult, DiskUsage, SystemInfo } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

describe('wherry system check', () => {
  const result: CheckResult = { faults: [], blobs: 12, bytes: 34_000_000, images: 1 };
  const fault = { kind: 'blob-corrupt', subject: 'sha256:ab', message: 'has the digest\nsha256:cd' } as const;

  test.each([
    { name: 'nothing', faults: [], exitCode: 0, stdout: 'Checked 12 blobs (34MB) of 1 image: no faults\n' },
    {
      name: 'a fault that is left',
      faults: [fault],
      exitCode: 1,
      stdout:
        'blob-corrupt sha256:ab: has the digest sha256:cd\nChecked 12 blobs (34MB) of 1 image: 1 fault\n',
    },
    {
      name: 'a fault that is repaired',
      faults: [{ ...fault, repaired: 'set aside' }],
      exitCode: 0,
      stdout:
        'blob-corrupt sha256:ab: has the digest sha256:cd (repaired: set aside)\n' +
        'Checked 12 blobs (34MB) of 1 image: 1 fault, 1 repaired\n',
    },
  ])('reports $name', async ({ faults, exitCode, stdout }) => {
    const check = async () => ({ ...result, faults });
    expect(await runCli(['system', 'check'], { engine: { check } })).toMatchObject({
      exitCode,
      stdout,
      stderr: '',
    });
  });

  test('repairs when it is told to', async () => {
    const asked: unknown[] = [];
    const check = async (request: unknown) => {
      asked.push(request);
      return result;
    };
    await runCli(['system', 'check', '--repair'], { engine: { check } });
    expect(asked).toEqual([{ repair: true }]);
  });
});

describe('wherry system df', () => {
  const usage: DiskUsage = {
    groups: [
      {
        type: 'images',
        total: 2,
        active: 1,
        bytes: 151_300_000,
        reclaimableBytes: 50_000_000,
        items: [{ name: 'a:1', bytes: 1000, reclaimableBytes: 0 }],
      },
      { type: 'build-cache', total: 0, active: 0, bytes: 0, reclaimableBytes: 0, items: [] },
    ],
    bytes: 151_300_000,
    buildCache: [],
  };
  const engine = { diskUsage: async () => usage };

  test('is a table with a total', async () => {
    expect((await runCli(['system', 'df'], { engine })).stdout.split('\n')).toEqual([
      'TYPE          TOTAL     ACTIVE    SIZE      RECLAIMABLE',
      'Images        2         1         151.3MB   50MB (33%)',
      'Build Cache   0         0         0B        0B',
      'Total                             151.3MB   50MB (33%)',
      '',
    ]);
  });

  test('lists everything with -v', async () => {
    expect((await runCli(['system', 'df', '-v'], { engine })).stdout).toBe(
      'Images space usage:\n\nNAME      SIZE      RECLAIMABLE\na:1       1kB       0B\n\n' +
        'Build cache usage: 0B\n\n' +
        'CACHE ID   CACHE TYPE   SIZE      CREATED   LAST USED   USAGE     SHARED\n\nTotal: 151.3MB\n',
    );
  });
});

describe('wherry system df --format', () => {
  const usage: DiskUsage = {
    groups: [
      {
        type: 'images',
        total: 2,
        active: 0,
        bytes: 2000,
        reclaimableBytes: 500,
        items: [{ name: 'a:1', bytes: 1000, reclaimableBytes: 10 }],
      },
      { type: 'build-cache', total: 0, active: 0, bytes: 0, reclaimableBytes: 0, items: [] },
    ],
    bytes: 2000,
    buildCache: [],
  };
  const engine = { diskUsage: async () => usage };

  test.each([
    { argv: ['--format', 'table'], stdout: /^TYPE .*\nImages .*\nBuild Cache .*\nTotal .*\n$/ },
    { argv: ['--format', '{{.Type}}: {{.Size}}'], stdout: /^Images: 2kB\nBuild Cache: 0B\n$/ },
    {
      argv: ['--format', 'table {{.Type}}\\t{{.Reclaimable}}'],
      stdout: /^TYPE {10}RECLAIMABLE\nImages {8}500B \(25%\)\nBuild Cache {3}0B\n$/,
    },
    {
      argv: ['--format', 'json'],
      stdout:
        /^{"Active":"0","Reclaimable":"500B \(25%\)","Size":"2kB","TotalCount":"2","Type":"Images"}\n{"Active".*}\n$/,
    },
    {
      argv: ['--format', 'raw'],
      stdout: /^type: Images\ntotal: 2\nactive: 0\nsize: 2kB\nreclaimable: .*\n\ntype: /,
    },
    { argv: ['-v', '--format', '{{range .Images}}{{.Name}} {{.Size}}{{end}}'], stdout: /^a:1 1kB$/ },
    {
      argv: ['-v', '--format', 'json'],
      stdout: /^{"Images":\[{"Name":"a:1","Reclaimable":"10B","Size":"1kB"}\],"BuildCache":\[\]}$/,
    },
  ])('prints $argv', async ({ argv, stdout }) => {
    const outcome = await runCli(['system', 'df', ...argv], { engine });
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(outcome.stdout).toMatch(stdout);
  });
});

describe('wherry system ratelimit', () => {
  test.each([
    {
      name: 'a limit',
      limit: { registry: 'docker.io', limit: 100, remaining: 87, windowSeconds: 21_600, source: '192.0.2.1' },
      stdout:
        'REGISTRY    LIMIT     REMAINING   WINDOW    SOURCE\n' +
        'docker.io   100       87          21600s    192.0.2.1\n',
    },
    { name: 'none', limit: { registry: 'r:1' }, stdout: 'r:1 names no limit\n' },
  ])('shows $name', async ({ limit, stdout }) => {
    const engine = { rateLimit: async () => limit };
    expect(await runCli(['system', 'ratelimit'], { engine })).toMatchObject({ exitCode: 0, stdout });
  });
});

const INFO: SystemInfo = {
  version: '0.1.0',
  root: '/r',
  images: 3,
  hashEngine: 'node:crypto',
  nodeVersion: '24.0.0',
  sqliteVersion: '3.50.0',
  platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
  architecture: 'aarch64',
  cpus: 2,
  memoryBytes: 25_275_000_000,
  hostname: 'host',
  operatingSystem: 'Linux',
  kernelVersion: '6.1.0',
  registryMirrors: ['http://127.0.0.1:6000/'],
  insecureRegistries: [],
  configFile: '/c/config.toml',
};

test('wherry info and wherry system info show machine and store', async () => {
  const engine = { info: async () => INFO };
  const outcome = await runCli(['-D', 'system', 'info'], { engine });
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
  expect(outcome.stdout).toBe(
    `Client:
 Version:    0.1.0
 Debug Mode: true

Store:
 Images: 3
 Hash Engine: node:crypto
 Node.js Version: 24.0.0
 SQLite Version: 3.50.0
 Kernel Version: 6.1.0
 Operating System: Linux
 Platform: linux/arm64/v8
 Architecture: aarch64
 CPUs: 2
 Total Memory: 23.54GiB
 Name: host
 Root Dir: /r
 Configuration File: /c/config.toml
 Registry Mirrors:
  http://127.0.0.1:6000/

`,
  );
});

describe('wherry info --format', () => {
  const engine = {
    info: async () => ({ ...INFO, insecureRegistries: ['r.example:5000', '10.0.0.0/8'] }),
  };

  test.each([
    {
      format: '{{.Images}} {{.NCPU}} {{.MemTotal}} {{.OSType}}/{{.Architecture}}',
      stdout: '3 2 25275000000 linux/aarch64',
    },
    { format: '{{.DockerRootDir}} {{.Name}} {{.ClientInfo.Version}}', stdout: '/r host 0.1.0' },
    { format: '{{.RegistryConfig.Mirrors}}', stdout: '[http://127.0.0.1:6000/]' },
    {
      format:
        '{{range $name, $_ := .RegistryConfig.IndexConfigs}}{{$name}}{{end}} {{.RegistryConfig.InsecureRegistryCIDRs}}',
      stdout: 'r.example:5000 [10.0.0.0/8]',
    },
    {
      format: '{{.HashEngine}} {{.NodeVersion}} {{.ConfigFile}}',
      stdout: 'node:crypto 24.0.0 /c/config.toml',
    },
  ])('prints $format', async ({ format, stdout }) => {
    expect(await runCli(['info', '-f', format], { engine })).toMatchObject({
      exitCode: 0,
      stdout: `${stdout}\n`,
      stderr: '',
    });
  });

  test('prints JSON, and what came before a fault', async () => {
    const json = await runCli(['info', '--format', 'json'], { engine });
    expect(JSON.parse(json.stdout)).toMatchObject({
      Images: 3,
      ClientInfo: { Debug: false, Version: '0.1.0' },
    });
    expect(await runCli(['system', 'info', '-f', '{{.Images}} {{.Swarm}}'], { engine })).toMatchObject({
      exitCode: 1,
      stdout: '3 \n',
      stderr:
        'template: :1:14: executing "" at <.Swarm>: can\'t evaluate field Swarm in type system.dockerInfo\n',
    });
    expect(await runCli(['info', '-f', '{{'], { engine })).toMatchObject({
      exitCode: 64,
      stdout: '',
      stderr: 'template parsing error: template: :1: unclosed action\n',
    });
  });
});

test.each([
  { format: '{{.Client.Version}}', exitCode: 0, stdout: /^0\.1\.0\n$/, stderr: '' },
  {
    format: '{{.Client.Os}}\t{{.Client.Arch}}',
    exitCode: 0,
    stdout: /^[a-z]+ {12,}[a-z0-9]+\n$/,
    stderr: '',
  },
  {
    format: 'json',
    exitCode: 0,
    stdout: /^{"Client":{"Version":"0\.1\.0",.*},"Server":null}\n$/,
    stderr: '',
  },
  {
    format: 'v{{.Client.Version}} {{.Server.Version}}',
    exitCode: 1,
    stdout: /^v0\.1\.0 \n$/,
    stderr:
      'template: version:1:30: executing "version" at <.Server.Version>: nil pointer evaluating *types.Version.Version\n',
  },
  {
    format: '{{',
    exitCode: 64,
    stdout: /^$/,
    stderr: 'template parsing error: template: version:1: unclosed action\n',
  },
])('wherry version -f "$format"', async ({ format, exitCode, stdout, stderr }) => {
  const outcome = await runCli(['version', '-f', format]);
  expect(outcome).toMatchObject({ exitCode, stderr });
  expect(outcome.stdout).toMatch(stdout);
});

test('wherry version needs no store', async () => {
  const { exitCode, stdout, opened } = await runCli(['version']);
  expect(exitCode).toBe(0);
  expect(opened).toEqual([]);
  expect(stdout).toMatch(/^Client:\n Version: {11}0\.1\.0\n Node\.js version: {3}\d+\.\d+\.\d+\n/);
});

test('says whether a service answers where it would listen', async () => {
  expect(await runCli(['serve', '--health', '--addr', '127.0.0.1:1'])).toMatchObject({
    exitCode: 1,
    stderr: 'the service at 127.0.0.1:1 cannot be reached: ECONNREFUSED\n',
  });
  const server = createServer((_request, response) => void response.end()).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const addr = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await runCli(['serve', '--health', '--addr', addr])).toMatchObject({
      exitCode: 0,
      stdout: 'ok\n',
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test.each(['', '127.0.0.1', '127.0.0.1:', '::1:80', 'h:65536', 'h:x', '[h]:1'])(
  'refuses to serve at "%s"',
  async (text) => {
    expect(await runCli(['serve', '--addr', text])).toMatchObject({
      exitCode: 1,
      stderr: `invalid address ${JSON.stringify(text)}: want HOST:PORT, such as 127.0.0.1:5000, or unix:///run/wherry.sock\n`,
    });
  },
);
