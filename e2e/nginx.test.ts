import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort, type Peer, startDockerRegistry, stopChild } from '../bench/peers.ts';
import { describeWith } from './needs.ts';
import { ServiceProcess } from './service-process.ts';
import { RunningProgram, Sandbox } from './wherry.ts';

const MIB = 1 << 20;

const sandbox = new Sandbox();
afterAll(() => sandbox[Symbol.dispose]());

describeWith({ programs: ['nginx', 'docker-registry'], root: true }, 'nginx in front of the service', () => {
  const bytes = randomBytes(3 * MIB);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  let upstream: Peer;
  let service: ServiceProcess;
  let nginx: RunningProgram;
  let origin: string;

  beforeAll(async () => {
    upstream = await startDockerRegistry(sandbox.directory('upstream'));
    const config = sandbox.file('serve.toml');
    writeFileSync(
      config,
      `[listen]\naddr = ["127.0.0.1:0"]\n[log]\nformat = "json"\n[registry]\naccel-redirect = "/wherry-store"\n`,
    );
    const mirror = `up.example=${upstream.address}`;
    service = await ServiceProcess.start(sandbox, ['--config', config, '--mirror', mirror]);
    const address = `127.0.0.1:${await freePort()}`;
    origin = `http://${address}`;
    nginx = startNginx(address);
    await vi.waitFor(async () => expect((await send('GET', '/v2/')).status).toBe(200), { timeout: 30_000 });
    await push(origin, 'team/app');
    await push(`http://${upstream.address}`, 'app');
  });
  afterAll(async () => {
    if (nginx) await stopChild(nginx.child);
    await service?.stop();
    await upstream?.stop();
  });

  function startNginx(address: string): RunningProgram {
    const directory = sandbox.directory('nginx');
    const file = join(directory, 'nginx.conf');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${directory}/${name};`,
    );
    writeFileSync(
      file,
      `user root;
      worker_processes 1;
      daemon off;
      pid ${directory}/pid;
      events {}
      http {
        access_log off;
        ${temporary.join(' ')}
        server {
          listen ${address};
          ${documented()}
        }
      }`,
    );
    const args = ['-p', directory, '-c', file, '-e', 'stderr'];
    return new RunningProgram(spawn('nginx', args, { stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** What the page on operating says, with the places of this test. */
  function documented(): string {
    const page = readFileSync(join(import.meta.dirname, '../docs/operating.md'), 'utf8');
    const snippet = /```nginx\n(.*?)```/s.exec(page)?.[1] ?? '';
    return snippet
      .replace('127.0.0.1:5000', service.address())
      .replace('/var/lib/wherry/', `${sandbox.root}/`);
  }

  async function send(method: string, path: string, headers: Record<string, string> = {}) {
    const sent = request(new URL(path, origin), { method, headers, agent: false }).end();
    const [response] = await once(sent, 'response');
    return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
  }

  async function push(to: string, repository: string): Promise<void> {
    const begun = await fetch(`${to}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const location = new URL(begun.headers.get('location') ?? '', to);
    location.searchParams.set('digest', digest);
    expect((await fetch(location, { method: 'PUT', body: bytes })).status).toBe(201);
  }

  /** What the service itself sent for the request that an answer is of. */
  function sentByService(id: unknown): Promise<number> {
    return vi.waitFor(
      () => {
        const lines = service.log.split('\n').slice(0, -1);
        const found = lines.map((line) => JSON.parse(line)).find((line) => line.id === id);
        if (!found) throw new Error(`no line of request ${id}`);
        return found.bytesOut as number;
      },
      { timeout: 30_000 },
    );
  }

  const whole = {
    'content-length': String(bytes.length),
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    'cache-control': 'max-age=31536000, immutable',
    'docker-content-digest': digest,
    'docker-distribution-api-version': 'registry/2.0',
    etag: `"${digest}"`,
  };

  test('sends a blob from the store, with the headers of the service', async () => {
    const answer = await send('GET', `/v2/team/app/blobs/${digest}`);
    expect([answer.status, answer.body.equals(bytes)]).toEqual([200, true]);
    expect(answer.headers).toMatchObject(whole);
    expect(answer.headers['x-accel-redirect']).toBeUndefined();
    expect(await sentByService(answer.headers['x-request-id'])).toBeLessThan(2_000);
  });

  test.each([
    { name: 'the middle', range: 'bytes=5-1048999', from: 5, to: 1_049_000 },
    { name: 'the rest', range: `bytes=${2 * MIB}-`, from: 2 * MIB, to: bytes.length },
    { name: 'the end', range: 'bytes=-7', from: bytes.length - 7, to: bytes.length },
  ])('sends a part of it: $name', async ({ range, from, to }) => {
    const answer = await send('GET', `/v2/team/app/blobs/${digest}`, { range });
    expect([answer.status, answer.headers['content-range']]).toEqual([
      206,
      `bytes ${from}-${to - 1}/${bytes.length}`,
    ]);
    expect(answer.body.equals(bytes.subarray(from, to))).toBe(true);
    expect(answer.headers['docker-content-digest']).toBe(digest);
  });

  test('leaves to the service what it knows better', async () => {
    const path = `/v2/team/app/blobs/${digest}`;
    const head = await send('HEAD', path);
    expect(head.headers).toMatchObject(whole);
    expect((await send('GET', path, { 'if-none-match': `"${digest}"` })).status).toBe(304);
    const rest = { range: `bytes=${2 * MIB}-`, 'if-range': `"${digest}"` };
    expect((await send('GET', path, rest)).body.equals(bytes.subarray(2 * MIB))).toBe(true);
    const beyond = await send('GET', path, { range: `bytes=${bytes.length}-` });
    expect([beyond.status, beyond.headers['content-range']]).toEqual([416, `bytes */${bytes.length}`]);
    expect((await send('GET', `/v2/team/app/blobs/sha256:${'0'.repeat(64)}`)).status).toBe(404);
    // The location is nginx's own: no client gets there by its name, nor to what the service has besides.
    for (const other of [`/wherry-store/blobs/${digest.replace(':', '/')}`, '/metrics', '/version'])
      expect((await send('GET', other)).status).toBe(404);
  });

  test('sends a mirrored blob from the store once all of it is there', async () => {
    const path = `/v2/up.example/app/blobs/${digest}`;
    const first = await send('GET', path);
    expect([first.status, first.body.equals(bytes)]).toEqual([200, true]);
    const answer = await vi.waitFor(async () => {
      const again = await send('GET', path);
      expect([again.status, again.body.equals(bytes)]).toEqual([200, true]);
      expect(await sentByService(again.headers['x-request-id'])).toBeLessThan(2_000);
      return again;
    }, 30_000);
    expect(answer.headers['docker-content-digest']).toBe(digest);
  });
});
