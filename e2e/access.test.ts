import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { request as plainRequest, type RequestOptions } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from './needs.ts';
import { ServiceProcess } from './service-process.ts';
import { run, runWith, Sandbox, tryRun, WHERRY } from './wherry.ts';

const sandbox = new Sandbox();
afterAll(() => sandbox[Symbol.dispose]());

const RULES = `
[access]
users = "users"
[[access.rule]]
repositories = "team/*"
users = ["ada"]
rights = ["pull", "push"]
[[access.rule]]
repositories = "team/*"
users = ["bob"]
rights = ["pull"]
[[access.rule]]
repositories = "open/*"
users = ["anonymous"]
rights = ["pull"]
[[access.rule]]
repositories = "open/*"
users = ["ada"]
rights = ["push"]
`;

/** A directory with accounts and rules. */
async function accessFile(): Promise<string> {
  const file = join(sandbox.directory('access'), 'serve.toml');
  await writeFile(file, RULES);
  for (const name of ['ada', 'bob'])
    await runWith(
      { env: sandbox.environment, input: `${name}-secret\n` },
      process.execPath,
      ...[WHERRY, 'serve', 'users', 'add', name, '--password-stdin', '--access', file],
    );
  return file;
}

/** On a busy machine a change may take its time. */
const soon = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 20_000 });

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

async function ask(url: string, options: RequestOptions & { ca?: string; cert?: string; key?: string } = {}) {
  const sent = (url.startsWith('https:') ? tlsRequest : plainRequest)(url, { agent: false, ...options });
  sent.end();
  const [response] = await once(sent, 'response');
  const body = Buffer.concat(await response.toArray()).toString();
  return { status: response.statusCode, headers: response.headers, body } as Answer;
}

describeWith({ linux: true }, 'a service with access control', () => {
  test('takes up accounts, rules and tokens as they change', async () => {
    const settings = await accessFile();
    const service = await ServiceProcess.start(sandbox, ['--addr', '127.0.0.1:0', '--access', settings]);
    const status = async (user: string, password: string, path = '/v2/') =>
      (await ask(`${service.urls[0]}${path}`, { auth: `${user}:${password}` })).status;
    try {
      expect(await status('ada', 'ada-secret')).toBe(200);
      await sandbox.wherry('serve', 'users', 'remove', 'ada', '--access', settings);
      await soon(() => status('ada', 'ada-secret')).toBe(401);
      expect(await sandbox.wherry('serve', 'users', 'list', '--access', settings)).toBe('NAME\nbob\n');
      expect(await status('bob', 'bob-secret', '/v2/new/app/tags/list')).toBe(403);
      // As an editor does it: another file in the place of the first.
      await writeFile(`${settings}~`, RULES.replaceAll('team/*', 'new/*'));
      await rename(`${settings}~`, settings);
      await soon(() => status('bob', 'bob-secret', '/v2/new/app/tags/list')).toBe(404);
      const token = (await sandbox.wherry('serve', 'token', 'create', '--allow', 'pull:ci/*')).trim();
      await soon(() => status('anything', token, '/v2/ci/app/tags/list')).toBe(404);
      await sandbox.wherry('serve', 'token', 'remove', 'ci');
      await soon(() => status('anything', token, '/v2/ci/app/tags/list')).toBe(401);
      expect(statSync(join(settings, '../users')).mode & 0o777).toBe(0o600);
      expect(await readFile(join(sandbox.root, 'access/tokens.json'), 'utf8')).not.toContain(token);
    } finally {
      await service.stop();
    }
  });

  test('opens a Unix socket to its group, replaces what a killed one left, and takes it away at the end', async () => {
    const socket = sandbox.file('w.sock');
    const start = () =>
      ServiceProcess.start(
        sandbox,
        ['--addr', `unix://${socket}`, '--addr', '127.0.0.1:0', '--socket-group', '0'],
        {
          places: 2,
        },
      );
    const first = await start();
    expect(statSync(socket).mode & 0o777).toBe(0o660);
    const second = await sandbox.try('serve', '--addr', `unix://${socket}`);
    expect([second.status, second.stderr]).toEqual([
      1,
      expect.stringContaining(`address ${socket} is in use`),
    ]);
    await first.program.kill('SIGKILL');
    expect(existsSync(socket)).toBe(true);
    const third = await start();
    const { status, body } = await ask('http://localhost/_ping', { socketPath: socket });
    expect([status, body]).toEqual([200, 'OK']);
    expect((await ask(`${third.urls[1]}/v2/`)).status).toBe(200);
    expect((await ask(`${third.urls[1]}/_ping`)).status).toBe(403);
    await third.stop();
    expect(existsSync(socket)).toBe(false);
  });

  test('does not listen beyond loopback without TLS and access control, but with a warning if told to', async () => {
    const refused = await sandbox.try('serve', '--addr', '0.0.0.0:0');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('is not a loopback address, and there is no TLS and no access control');
    const service = await ServiceProcess.start(sandbox, ['--addr', '0.0.0.0:0', '--insecure']);
    try {
      await soon(() => service.log).toMatch(/address 0\.0\.0\.0 is not a loopback address/);
      const url = `http://127.0.0.1:${new URL(service.urls[0] ?? '').port}`;
      expect((await ask(`${url}/v2/`)).status).toBe(200);
      expect((await ask(`${url}/_ping`)).status).toBe(403);
    } finally {
      await service.stop();
    }
  });
});

describeWith({ programs: ['openssl', 'docker', 'curl'], linux: true }, 'a service with TLS', () => {
  const pki = sandbox.directory('pki');
  const at = (name: string) => join(pki, name);
  const pem = (name: string) => readFile(at(name), 'utf8');
  let service: ServiceProcess;

  /** A certificate for a name, signed by one of ours. */
  async function issue(name: string, authority: string, subject: string): Promise<void> {
    const extensions = at(`${name}.ext`);
    await writeFile(extensions, 'subjectAltName=DNS:localhost,IP:127.0.0.1');
    const key = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      at(`${name}.key`),
    ];
    await run('openssl', 'req', ...key, '-subj', `/CN=${subject}`, '-out', at(`${name}.csr`));
    const signer = ['-CA', at(`${authority}.crt`), '-CAkey', at(`${authority}.key`), '-CAcreateserial'];
    const output = ['-out', at(`${name}.crt`), '-days', '2', '-extfile', extensions];
    await run('openssl', 'x509', '-req', '-in', at(`${name}.csr`), ...signer, ...output);
  }

  beforeAll(async () => {
    for (const authority of ['ca', 'stranger'])
      await run(
        'openssl',
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
        ...['-keyout', at(`${authority}.key`), '-out', at(`${authority}.crt`), '-subj', `/CN=${authority}`],
      );
    await issue('server', 'ca', 'first');
    await issue('next', 'ca', 'second');
    await issue('cert', 'ca', 'ada');
    await issue('foreign', 'stranger', 'eve');
    service = await ServiceProcess.start(sandbox, [
      ...['--addr', '0.0.0.0:0', '--tls-cert', at('server.crt'), '--tls-key', at('server.key')],
      ...['--tls-client-ca', at('ca.crt')],
    ]);
  });
  afterAll(() => service?.stop());

  const url = (path: string) => `https://127.0.0.1:${new URL(service.urls[0] ?? '').port}${path}`;

  test('opens the Engine API to certificates of its authorities alone', async () => {
    const ca = await pem('ca.crt');
    const without = await ask(url('/_ping'), { ca });
    expect([without.status, JSON.parse(without.body).message]).toEqual([
      403,
      expect.stringContaining('the Engine API takes a Unix socket'),
    ]);
    expect((await ask(url('/v2/'), { ca })).status).toBe(401);
    const foreign = { ca, cert: await pem('foreign.crt'), key: await pem('foreign.key') };
    expect((await ask(url('/_ping'), foreign)).status).toBe(403);
    const own = { ca, cert: await pem('cert.crt'), key: await pem('cert.key') };
    expect((await ask(url('/_ping'), own)).body).toBe('OK');
    expect((await ask(url('/v2/'), own)).status).toBe(200);
    const files = ['--tlscacert', at('ca.crt'), '--tlscert', at('cert.crt'), '--tlskey', at('cert.key')];
    await tryRun({}, 'docker', '--tlsverify', ...files, '-H', `tcp://${new URL(url('/')).host}`, 'version');
    await soon(() => service.log).toMatch(/HEAD \/_ping 200/);
  });

  test('does not take a session that is resumed for a certificate', async () => {
    const port = Number(new URL(url('/')).port);
    const ca = await pem('ca.crt');
    let session: Buffer | undefined;
    for (const round of [1, 2]) {
      const socket = connectTls({ port, host: '127.0.0.1', ca, ...(session && { session }) });
      socket.on('session', (one) => {
        session = one;
      });
      await once(socket, 'secureConnect');
      socket.write('GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      const answer = Buffer.concat(await socket.toArray()).toString();
      expect(answer, `connection ${round}`).toMatch(/^HTTP\/1\.1 403 /);
    }
  });

  test('takes up another certificate and keeps the connections there are', async () => {
    const port = Number(new URL(url('/')).port);
    const ca = await pem('ca.crt');
    const open = async () => {
      const socket = connectTls({ port, host: '127.0.0.1', ca });
      await once(socket, 'secureConnect');
      return { socket, subject: socket.getPeerCertificate().subject.CN };
    };
    const old = await open();
    expect(old.subject).toBe('first');
    await writeFile(at('server.key'), 'no key');
    await soon(() => service.log).toMatch(/the certificate stays what it was/);
    for (const ending of ['key', 'crt']) await writeFile(at(`server.${ending}`), await pem(`next.${ending}`));
    await expect
      .poll(
        async () => {
          const { socket, subject } = await open();
          socket.destroy();
          return subject;
        },
        { timeout: 10_000 },
      )
      .toBe('second');
    old.socket.write('GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(Buffer.concat(await old.socket.toArray()).toString()).toMatch(/^HTTP\/1\.1 401 /);
  });
});

describeWith({ programs: ['systemd-socket-activate'], linux: true }, 'a service that systemd starts', () => {
  test('serves at the sockets it is handed', async () => {
    const socket = sandbox.file('s.sock');
    const child = spawn(
      'systemd-socket-activate',
      ['-l', socket, '-E', 'WHERRY_ROOT', '-E', 'HOME', process.execPath, WHERRY, 'serve'],
      { env: sandbox.environment, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    await soon(() => existsSync(socket)).toBe(true);
    const answer = ask('http://localhost/_ping', { socketPath: socket });
    const service = await ServiceProcess.start(sandbox, [], { child });
    expect(service.urls).toEqual([`unix://${socket}`]);
    expect((await answer).body).toBe('OK');
    await service.stop();
  });
});

describeWith({ linux: true }, 'a service that strangers reach', () => {
  test('slows down who guesses passwords', async () => {
    const settings = await accessFile();
    const service = await ServiceProcess.start(sandbox, ['--addr', '127.0.0.1:0', '--access', settings]);
    try {
      const statuses: number[] = [];
      for (let guess = 0; guess < 8; guess++)
        statuses.push((await ask(`${service.urls[0]}/v2/`, { auth: `ada:guess${guess}` })).status);
      expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
      const answer = await ask(`${service.urls[0]}/token`, { auth: 'ada:more' });
      expect([answer.status, Number(answer.headers['retry-after'])]).toEqual([429, 1]);
    } finally {
      await service.stop();
    }
  });

  test('answers beside 10,000 connections that say nothing', async () => {
    const service = await ServiceProcess.start(sandbox, ['--addr', '127.0.0.1:0']);
    const port = Number(new URL(service.urls[0] ?? '').port);
    const sockets = [];
    try {
      for (let batch = 0; batch < 20; batch++) {
        const opened = Array.from({ length: 500 }, () => connect(port, '127.0.0.1').on('error', () => {}));
        sockets.push(...opened);
        await Promise.all(opened.map((socket) => once(socket, 'connect')));
      }
      expect((await ask(`${service.urls[0]}/v2/`)).status).toBe(200);
    } finally {
      for (const socket of sockets) socket.destroy();
      await service.stop();
    }
  });
});
