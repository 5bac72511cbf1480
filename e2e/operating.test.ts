import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { expect, test, vi } from 'vitest';
import { describeWith } from './needs.ts';
import { RunningProgram, Sandbox, tryRun, WHERRY } from './wherry.ts';

const START_MS = 30_000;
const MIB = 1 << 20;
/** As a shell tells of a process that SIGTERM ended. */
const TERMINATED = 143;
const JSON_LOG = '[log]\nformat = "json"\n';

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

class Service implements AsyncDisposable {
  readonly #program: RunningProgram;
  readonly url: string;

  private constructor(program: RunningProgram, url: string) {
    this.#program = program;
    this.url = url;
  }

  static async start(
    sandbox: Sandbox,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<Service> {
    const child = spawn(process.execPath, [WHERRY, 'serve', ...args], {
      env: { ...sandbox.environment, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const program = new RunningProgram(child);
    const url = await vi.waitFor(
      () => {
        const found = /^Serving at (http:\S+)$/m.exec(program.stdout)?.[1];
        if (found === undefined) throw new Error(`not serving yet: ${program.stderr}`);
        return found;
      },
      { timeout: START_MS },
    );
    return new Service(program, url);
  }

  get lines(): LogLine[] {
    const whole = this.#program.stderr.split('\n').slice(0, -1);
    return whole.map((line) => JSON.parse(line) as LogLine);
  }

  line(message: string): Promise<LogLine> {
    return vi.waitFor(
      () => {
        const found = this.lines.findLast(({ msg }) => msg.startsWith(message));
        if (!found) throw new Error(`no line begins with ${message}: ${this.#program.stderr}`);
        return found;
      },
      { timeout: START_MS },
    );
  }

  signal(name: NodeJS.Signals): void {
    this.#program.child.kill(name);
  }

  get result() {
    return this.#program.result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.kill();
  }
}

async function statusOf(url: string, init?: RequestInit): Promise<number> {
  const answer = await fetch(url, init);
  await answer.arrayBuffer();
  return answer.status;
}

test('runs from a file, and takes up what changed in it', async () => {
  using sandbox = new Sandbox();
  const file = sandbox.file('serve.toml');
  writeFileSync(file, `[listen]\naddr = ["127.0.0.1:0"]\n${JSON_LOG}level = "warn"\n`);
  await using service = await Service.start(sandbox, ['--config', file]);
  const { url } = service;
  const health = { health: await statusOf(`${url}/healthz`), ready: await statusOf(`${url}/readyz`) };
  expect(health).toEqual({ health: 200, ready: 200 });
  expect(service.lines).toEqual([]);

  writeFileSync(file, `[listen]\naddr = ["127.0.0.1:1"]\n${JSON_LOG}level = "debug"\n`);
  expect(await service.line('settings were read again')).toMatchObject({ changed: ['log.level'] });
  expect(await service.line('settings have changed')).toMatchObject({ keys: ['listen.addr'] });
  const headers = { 'x-request-id': 'from-me', authorization: 'Basic aHVudGVyMg==' };
  expect(await statusOf(`${url}/v2/?token=hunter2`, { headers })).toBe(200);
  const line = await service.line('GET /v2/');
  expect(line).toMatchObject({
    level: 'info',
    id: 'from-me',
    method: 'GET',
    status: 200,
    remote: '127.0.0.1',
  });
  expect(line.bytesIn).toBeGreaterThan(100);
  expect(JSON.stringify(service.lines)).not.toMatch(/hunter2|aHVudGVyMg/);

  writeFileSync(file, `${JSON_LOG}levle = "info"\n`);
  service.signal('SIGHUP');
  expect(await service.line('settings stay')).toMatchObject({
    level: 'error',
    msg: `settings stay what they were: ${file}:3:1: log.levle is not a known key`,
    hint: 'did you mean level?',
  });
  expect(await statusOf(`${url}/healthz`)).toBe(200);
  await service.line('GET /healthz');

  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toMatch(
    /^wherry_http_requests_total\{route="registry\/base",method="GET",status="200"\} 1$/m,
  );
  expect(metrics).toMatch(/^wherry_upload_sessions 0$/m);
  expect(metrics).toMatch(/^wherry_gc_runs_total\{outcome="failed"\} 0$/m);
  expect(metrics).toMatch(/^process_resident_memory_bytes \d+$/m);
  expect((await (await fetch(`${url}/openapi.json`)).json()).openapi).toBe('3.1.0');
});

test('takes its settings from variables, and flags win', async () => {
  using sandbox = new Sandbox();
  const env = {
    WHERRY_SERVE_LISTEN_ADDR: '127.0.0.1:1',
    WHERRY_SERVE_LOG_FORMAT: 'json',
    WHERRY_SERVE_METRICS_ENABLED: 'false',
    WHERRY_SERVE_HEALTH_MIN_FREE_SPACE: '4000TiB',
    WHERRY_SERVE_LOG_LEVLE: 'debug',
  };
  await using service = await Service.start(sandbox, ['--addr', '127.0.0.1:0'], env);
  expect(await service.line('WHERRY_SERVE_LOG_LEVLE is not a setting')).toMatchObject({ level: 'warn' });
  expect(await statusOf(`${service.url}/metrics`)).toBe(404);
  const ready = await fetch(`${service.url}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([
    503,
    { status: 'not ready', reasons: [expect.stringMatching(/^the store has \d+ bytes of free space, want/)] },
  ]);
  const printed = await sandbox.tryWith({ env }, 'serve', '--print-config');
  expect(printed.status).toBe(0);
  expect(printed.stdout).toContain('\nenabled = false\n');
  expect(printed.stdout).toContain('set by WHERRY_SERVE_METRICS_ENABLED');
  const file = sandbox.file('printed.toml');
  writeFileSync(file, printed.stdout);
  expect((await sandbox.try('serve', '--print-config', '--config', file)).status).toBe(0);
});

test('says where a settings file is wrong', async () => {
  using sandbox = new Sandbox();
  const file = sandbox.file('serve.toml');
  const tell = async (text: string) => {
    writeFileSync(file, text);
    return sandbox.try('serve', '--config', file);
  };
  expect(await tell('[log]\nlevel = "loud"\n')).toMatchObject({
    status: 1,
    stderr: `Error: ${file}:2:1: log.level is "loud", want "debug" or "info" or "warn" or "error"\n`,
  });
  expect((await tell('[log\n')).stderr).toContain(`${file}:1:5: `);
  expect((await sandbox.try('serve', '--config', '/nowhere/x')).stderr).toBe(
    'Error: /nowhere/x: no such file\n',
  );
});

test('stops in good order: running requests end, an upload that is cut goes on', async () => {
  using sandbox = new Sandbox();
  const env = { WHERRY_SERVE_LISTEN_DRAIN: '1s', WHERRY_SERVE_LOG_FORMAT: 'json' };
  const service = await Service.start(sandbox, ['--addr', '127.0.0.1:0'], env);
  const bytes = randomBytes(2 * MIB);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const begun = await fetch(`${service.url}/v2/app/blobs/uploads/`, { method: 'POST' });
  const location = begun.headers.get('location') ?? '';
  const offsetAt = async (url: string) => {
    const { headers } = await fetch(new URL(location, url));
    return Number((headers.get('range') ?? '').split('-')[1]) + 1;
  };
  const upload = request(new URL(location, service.url), {
    method: 'PATCH',
    headers: { 'transfer-encoding': 'chunked' },
  });
  upload.on('error', () => {});
  upload.write(bytes.subarray(0, MIB));
  // What is on its way is not counted yet.
  await expect.poll(() => offsetAt(service.url), { timeout: START_MS }).toBeGreaterThan(MIB / 2);
  const began = Date.now();
  service.signal('SIGTERM');
  await service.line('stopping');
  expect((await service.result).status).toBe(0);
  expect(Date.now() - began).toBeLessThan(START_MS);
  const cut = service.lines.find(({ method, cut }) => method === 'PATCH' && cut === true);
  expect(cut?.bytesIn).toBeGreaterThan(MIB);

  const patient = { ...env, WHERRY_SERVE_LISTEN_DRAIN: '10m' };
  await using second = await Service.start(sandbox, ['--addr', '127.0.0.1:0'], patient);
  expect(await offsetAt(second.url)).toBe(MIB);
  const rest = bytes.subarray(MIB);
  const put = await fetch(new URL(`${location}?digest=${digest}`, second.url), { method: 'PUT', body: rest });
  expect(put.status).toBe(201);
  const whole = await fetch(`${second.url}/v2/app/blobs/${digest}`);
  expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);

  // A second signal does not wait for the request that runs.
  const slow = await fetch(`${second.url}/v2/app/blobs/uploads/`, { method: 'POST' });
  const hanging = request(new URL(slow.headers.get('location') ?? '', second.url), {
    method: 'PATCH',
    headers: { 'transfer-encoding': 'chunked' },
  });
  hanging.on('error', () => {});
  hanging.write('x');
  const running = async () => (await fetch(`${second.url}/metrics`)).text();
  await expect.poll(running, { timeout: START_MS }).toContain('\nwherry_http_requests_running 2\n');
  second.signal('SIGTERM');
  await second.line('stopping');
  second.signal('SIGTERM');
  expect((await second.result).status).toBe(TERMINATED);
});

const UNITS = new URL('../packaging/systemd/', import.meta.url).pathname;

describeWith({ linux: true, programs: ['systemd-analyze'] }, 'the units for systemd', () => {
  test('are well-formed and shut the service in', async () => {
    using sandbox = new Sandbox();
    const names = readdirSync(UNITS).map((name) => `${UNITS}${name}`);

    const verified = await tryRun({ cwd: sandbox.path }, 'systemd-analyze', 'verify', '--man=no', ...names);
    // It is not installed here, and that is all there is to say.
    const complaints = verified.stderr.split('\n').filter((line) => line.includes(UNITS));
    expect(complaints.filter((line) => !line.includes('/usr/bin/wherry'))).toEqual([]);
    const unit = `${UNITS}wherry.service`;
    const rated = await tryRun({}, 'systemd-analyze', 'security', '--offline=true', '--threshold=20', unit);
    expect(rated.status, rated.stdout).toBe(0);
  });
});
