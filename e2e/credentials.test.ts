import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeWith } from './needs.ts';
import { ScriptedServer } from './scripted-registry.ts';
import { type Result, Sandbox } from './wherry.ts';

const sandbox = new Sandbox();
const configDir = join(sandbox.path, 'docker');
const config = join(configDir, 'config.json');
const toml = join(sandbox.path, 'config.toml');
const bin = sandbox.directory('bin');
let server: ScriptedServer;

beforeAll(async () => {
  mkdirSync(configDir);
  // Wants a password for everything, so that credentials are looked up.
  server = await ScriptedServer.start((request, response) => {
    request.resume();
    response.writeHead(401, { 'www-authenticate': 'Basic realm="e2e"' }).end();
  });
});
beforeEach(() => {
  writeFileSync(config, '{}');
  writeFileSync(toml, '');
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  sandbox[Symbol.dispose]();
});

/** The error, and perhaps what to do about it: two lines, and no trace of the program's inside. */
function expectClear({ status, stderr }: Result, message: RegExp, lines = 2): void {
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at |internal error|node:internal/m);
  expect(stderr.trimEnd().split('\n').length, stderr).toBeLessThanOrEqual(lines);
  expect(status).toBe(1);
}

function pull(): Promise<Result> {
  const env = { PATH: `${bin}:${process.env.PATH}` };
  return sandbox.tryWith(
    { env, timeoutMs: 60_000 },
    '--config',
    configDir,
    'pull',
    '-q',
    `${server.address}/x`,
  );
}

function installHelper(name: string, script: string): void {
  const path = join(bin, `docker-credential-${name}`);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  writeFileSync(config, JSON.stringify({ credsStore: name }));
}

describeWith({}, 'a config.json that cannot be used', () => {
  const cases = [
    { name: 'a comma too many', text: '{\n  "auths": {},\n}', message: /config\.json:3:1: not valid JSON/ },
    { name: 'no object', text: '[]', message: /config\.json:1:1: want a JSON object/ },
    {
      name: 'a list of auths',
      text: '{\n"auths": []}',
      message: /config\.json:2:1: "auths" must be an object/,
    },
    {
      name: 'a number for a helper',
      text: '{"credsStore": 5}',
      message: /config\.json:1:2: "credsStore" must be a/,
    },
    {
      name: 'a number for a header',
      text: '{"HttpHeaders": {"a": 5}}',
      message: /:1:18: "HttpHeaders"\."a" must be/,
    },
    { name: 'UTF-16', text: Buffer.from('\ufeff{}', 'utf16le'), message: /config\.json:1:1: not valid JSON/ },
  ];

  test.each(cases)('has $name: file, line and column are told', async ({ text, message }) => {
    writeFileSync(config, text);
    expectClear(await pull(), message);
    expectClear(await sandbox.try('--config', configDir, 'image', 'prune', '-f'), message);
    expect((await sandbox.try('--config', configDir, 'images')).status).toBe(0);
  });

  test('has an entry of the wrong type: it is told to who needs it', async () => {
    writeFileSync(config, JSON.stringify({ auths: { [server.address]: { auth: 5 } } }));
    expectClear(await pull(), /config\.json:1:\d+: "auths"\."127.*"\."auth" must be a string/);
  });
});

describeWith({}, 'a config.toml that cannot be used', () => {
  test.each([
    { name: 'no value', text: 'jobs = 1\nhttp = \n', message: /config\.toml:2:8: / },
    {
      name: 'a wrong type',
      text: '[[registry]]\nprefix = 5\n',
      message: /config\.toml:2:1: registry\.prefix must be/,
    },
    { name: 'an unknown key', text: 'job = 1\n', message: /config\.toml:1:1: job is not a known key/ },
    {
      name: 'a key that is not there',
      text: '[trust."127.0.0.1"]\nkeys = []\n',
      message: /config\.toml:2:1: trust\."127\.0\.0\.1"\.keys must name/,
    },
  ])('has $name: file, line and column are told', async ({ text, message }) => {
    writeFileSync(toml, text);
    expectClear(await sandbox.try('--config', toml, 'pull', '-q', `${server.address}/x`), message);
  });
});

describeWith({}, 'a credential helper', () => {
  test('that is missing is named', async () => {
    writeFileSync(config, '{"credsStore": "nosuch"}');
    expectClear(await pull(), /exec: "docker-credential-nosuch": executable file not found in \$PATH/);
  });

  test.each([
    {
      name: 'prints garbage',
      script: 'echo secret-garbage',
      message: /answer is not a JSON object with a name/,
    },
    { name: 'prints nothing', script: 'exit 0', message: /answer is not a JSON object with a name/ },
    {
      name: 'prints megabytes',
      script: 'head -c 5000000 /dev/zero',
      message: /more than 1048576 bytes of output/,
    },
    {
      name: 'fails with a text',
      script: 'echo locked; exit 1',
      message: /err: exit status 1, out: `locked`/,
    },
    { name: 'is killed', script: 'kill -9 $$', message: /ended by SIGKILL/ },
  ])('that $name', async ({ script, message }) => {
    installHelper('bad', script);
    const result = await pull();
    expectClear(result, message);
    expect(result.stderr).not.toContain('garbage');
  });

  test('that hangs is ended, and so is the command', async () => {
    installHelper('slow', 'sleep 300 & sleep 300');
    const began = performance.now();
    expectClear(await pull(), /docker-credential-slow get: no answer within 30 seconds/);
    expect(performance.now() - began).toBeLessThan(50_000);
  });
});

describeWith({}, 'a question that nobody can answer', () => {
  test.each([{ args: [] }, { args: ['-u', 'user'] }])('login $args', async ({ args }) => {
    const result = await sandbox.try('login', ...args, server.address);
    expectClear(result, /Cannot perform an interactive login from a non TTY device/);
  });

  test('login --password-stdin', async () => {
    const result = await sandbox.try('login', '-u', 'user', '--password-stdin', server.address);
    expectClear(result, /^password is empty$/m);
  });

  test('image prune: nothing is removed', async () => {
    const { status, stdout, stderr } = await sandbox.try('image', 'prune');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/Are you sure you want to continue\? \[y\/N\] $/);
  });
});
