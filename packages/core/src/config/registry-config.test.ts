import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { insecureHosts, readDaemonConfigs } from './daemon-config.ts';
import { loadRegistryConfig } from './registry-config.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'wherry-registry-config-'));
});

async function write(path: string, text: string): Promise<string> {
  const file = join(home, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

const load = (env: Record<string, string> = {}) =>
  loadRegistryConfig({ env, home, systemDockerDir: join(home, 'etc-docker') });

test('needs no file at all', async () => {
  const config = await load();
  expect(config).toMatchObject({ rules: [], dockerMirrors: [], headers: {} });
  expect(config.isInsecure('reg.io')).toBe(false);
  expect(await config.trustFor(new URL('https://reg.io/'))).toEqual({ ca: [], verify: true });
});

test('puts all files together', async () => {
  const daemon = await write(
    'etc-docker/daemon.json',
    '{"registry-mirrors": ["mirror.io"], "insecure-registries": ["old.io:5000"]}',
  );
  await write('.config/docker/daemon.json', '{"registry-mirrors": ["http://near:5000/"]}');
  await write(
    '.docker/config.json',
    '{"HttpHeaders": {"X-Meta": "a"}, "proxies": {"default": {"httpsProxy": "http://p:1"}}}',
  );
  const ca = await write('ca.pem', 'PEM of a file');
  await write(
    '.config/wherry/config.toml',
    `jobs = 2\n[[registry]]\nprefix = "own.io"\nca = "${ca}"\n[[registry.mirror]]\nlocation = "loose.io/x"\ninsecure = true\n`,
  );
  await write('etc-docker/certs.d/own.io/a.crt', 'PEM of Docker');
  await write('etc-docker/certs.d/own.io/me.cert', 'CERT');
  await write('etc-docker/certs.d/own.io/me.key', 'KEY');
  const config = await load();
  expect(config.jobs).toBe(2);
  expect(config.dockerMirrors).toEqual([
    { url: 'https://mirror.io', source: daemon },
    { url: 'http://near:5000', source: join(home, '.config/docker/daemon.json') },
  ]);
  expect(config.headers).toEqual({ 'x-meta': 'a' });
  expect(['old.io:5000', 'old.io', 'loose.io', 'own.io'].map(config.isInsecure)).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect(config.proxyFor(new URL('https://own.io/'))?.href).toBe('http://p:1/');
  expect(await config.trustFor(new URL('https://own.io/'))).toEqual({
    ca: ['PEM of Docker', 'PEM of a file'],
    identity: { cert: 'CERT', key: 'KEY' },
    verify: true,
  });
  expect((await config.trustFor(new URL('https://127.0.0.1:5000/'))).verify).toBe(false);
});

test('tells of a client certificate without its key', async () => {
  await write('etc-docker/certs.d/own.io/me.cert', 'CERT');
  const config = await load();
  await expect(config.trustFor(new URL('https://own.io/'))).rejects.toThrow(
    'missing key me.key for client certificate me.cert',
  );
});

describe("the daemon's file", () => {
  test.each([
    {
      name: 'a mirror with a path',
      text: '{"registry-mirrors": ["https://m.io/hub"]}',
      message: 'invalid mirror "https://m.io/hub"',
    },
    {
      name: 'a mirror of another scheme',
      text: '{"registry-mirrors": ["ftp://m.io"]}',
      message: 'invalid mirror "ftp://m.io"',
    },
    {
      name: 'a list that is none',
      text: '{"insecure-registries": "a"}',
      message: '"insecure-registries" must be a list of strings',
    },
    { name: 'broken JSON', text: '{"a" 1}', message: 'daemon.json:1:6: not valid JSON' },
  ])('is refused for $name', async ({ text, message }) => {
    const file = await write('daemon.json', text);
    await expect(readDaemonConfigs([file])).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining(message),
    });
  });

  test.skipIf(process.getuid?.() === 0)('does not concern who may not read it', async () => {
    const file = await write('daemon.json', '{"registry-mirrors": ["https://m.io"]}');
    await chmod(file, 0);
    expect(await readDaemonConfigs([file])).toEqual({ mirrors: [], insecureRegistries: [] });
  });

  test('names insecure hosts by name, address and block', () => {
    const isInsecure = insecureHosts(['http://a.io:5000', '10.0.0.0/8', 'fd00::/8', '*.b.io']);
    const hosts = [
      'a.io:5000',
      'A.IO:5000',
      'a.io',
      '10.1.2.3:5000',
      '[fd00::1]:5000',
      '11.0.0.1',
      'x.b.io',
      'b.io',
    ];
    expect(hosts.map(isInsecure)).toEqual([true, true, false, true, true, false, true, false]);
  });
});
