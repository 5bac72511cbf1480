import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SILENT } from '../operating/logger.ts';
import { type RunningServer, startServer } from '../server.ts';
import { defaultSettings } from '../settings/service-settings.ts';
import type { WebhookEndpointSettings } from './settings.ts';
import { sendEvents, signatureOf } from './webhook-request.ts';
import { type EventSource, WebhookSender } from './webhook-sender.ts';

const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const SECRET = 'not to be seen';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Answers with the next of `statuses`, then with 200. */
class Receiver implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly statuses: number[] = [];
  readonly #server: Server;
  readonly listening: Promise<unknown>;
  #changed = Promise.withResolvers<void>();

  constructor() {
    this.#server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      this.received.push({ headers: request.headers, body });
      response.writeHead(this.statuses.shift() ?? 200, { location: this.url }).end('thanks');
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }).listen(0, '127.0.0.1');
    this.listening = once(this.#server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  /** Waits until `count` requests have come. */
  async until(count: number): Promise<void> {
    while (this.received.length < count) await this.#changed.promise;
  }

  events(): { action: string; target: Record<string, unknown>; request: object; actor: object }[] {
    return this.received.flatMap(({ body }) => JSON.parse(body).events);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

let receiver: Receiver;
beforeEach(async () => {
  receiver = new Receiver();
  await receiver.listening;
});
afterEach(() => receiver[Symbol.asyncDispose]());

const endpointOf = (more: Partial<WebhookEndpointSettings> = {}): WebhookEndpointSettings => ({
  name: 'hook',
  url: receiver.url,
  secret: SECRET,
  actions: [],
  events: ['manifest'],
  repositories: [],
  timeout: 5_000,
  maxWaiting: 100,
  ...more,
});

describe('the service', () => {
  let root: string;
  let server: RunningServer;
  let log: string[];

  async function start(...endpoint: WebhookEndpointSettings[]): Promise<void> {
    const housekeeping = { webhook: { endpoint } };
    server = await startServer({
      root,
      host: '127.0.0.1',
      port: 0,
      housekeeping,
      log: { ...SILENT, warn: (line) => void log.push(line) },
    });
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'wherry-webhooks-'));
    log = [];
  });
  afterEach(async () => {
    await server.close();
    rmSync(root, { recursive: true, force: true });
  });

  const call = (method: string, path: string, body?: string) =>
    fetch(`${server.url}/v2/team/app/manifests/${path}`, {
      method,
      ...(body !== undefined && { body, headers: { 'content-type': INDEX_TYPE } }),
    });

  test('tells of pushes, pulls and deletes, signed, to those who want to hear', async () => {
    await start(
      endpointOf(),
      endpointOf({ name: 'other', url: `${receiver.url}/other`, repositories: ['x/*'] }),
    );
    const body = JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [] });
    const pushed = await call('PUT', '1', body);
    const digest = pushed.headers.get('docker-content-digest');
    await receiver.until(1);
    await (await call('GET', '1')).text();
    await receiver.until(2);
    await call('DELETE', digest as string);
    await receiver.until(3);
    const target = {
      repository: 'team/app',
      digest,
      mediaType: INDEX_TYPE,
      size: body.length,
      length: body.length,
      tag: '1',
    };
    const host = server.url.slice('http://'.length);
    expect(receiver.events()).toEqual([
      expect.objectContaining({ action: 'push', target, actor: {} }),
      expect.objectContaining({
        action: 'pull',
        target,
        request: expect.objectContaining({ host, method: 'GET', useragent: expect.any(String) }),
      }),
      expect.objectContaining({ action: 'delete', target: { repository: 'team/app', digest } }),
    ]);
    for (const { headers, body: sent } of receiver.received) {
      const hmac = createHmac('sha256', SECRET).update(`${headers['x-wherry-timestamp']}.${sent}`);
      expect(headers['x-wherry-signature']).toBe(`sha256=${hmac.digest('hex')}`);
      expect(headers['content-type']).toBe('application/vnd.docker.distribution.events.v1+json');
    }
  });

  test('tells of blobs those who ask for them', async () => {
    await start(endpointOf({ events: ['blob'] }), endpointOf({ name: 'all', url: `${receiver.url}/all` }));
    const bytes = Buffer.alloc(100_000, 'blob');
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const blob = (repository: string) => `${server.url}/v2/${repository}/blobs`;
    await fetch(`${blob('team/app')}/uploads/?digest=${digest}`, { method: 'POST', body: bytes });
    await receiver.until(1);
    await fetch(`${blob('team/b')}/uploads/?mount=${digest}`, { method: 'POST' });
    await receiver.until(2);
    await (await fetch(`${blob('team/app')}/${digest}`, { method: 'HEAD' })).text();
    await (await fetch(`${blob('team/app')}/${digest}`, { headers: { range: 'bytes=0-1' } })).text();
    expect((await (await fetch(`${blob('team/app')}/${digest}`)).bytes()).length).toBe(bytes.length);
    await receiver.until(3);
    await fetch(`${blob('team/app')}/${digest}`, { method: 'DELETE' });
    await receiver.until(4);
    const target = {
      ...{ repository: 'team/app', digest, mediaType: 'application/octet-stream' },
      ...{ size: bytes.length, length: bytes.length },
    };
    const { size: _, length: __, ...gone } = target;
    expect(receiver.events()).toEqual([
      expect.objectContaining({ action: 'push', target }),
      expect.objectContaining({ action: 'push', target: { ...target, repository: 'team/b' } }),
      expect.objectContaining({ action: 'pull', target }),
      expect.objectContaining({ action: 'delete', target: gone }),
    ]);
    expect(JSON.stringify(receiver.events())).not.toContain('"kind"');
  });

  test('tells others as soon as the settings do, and holds to other limits', async () => {
    const tarpit = { url: 'http://127.0.0.1:1/hook' };
    const settings = { ...defaultSettings(), webhook: { endpoint: [endpointOf(tarpit)] } };
    let inForce = settings;
    let apply = () => {};
    const onSettings = (listener: () => void) => {
      apply = listener;
    };
    const place = { root, host: '127.0.0.1', port: 0 };
    server = await startServer({ ...place, settings: () => inForce, onSettings });
    const body = JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [] });
    expect((await call('PUT', '1', body)).status).toBe(201);
    const limit = [{ prefix: '*', bytes: 1 }];
    inForce = { ...settings, webhook: { endpoint: [endpointOf()] }, quota: { limit } };
    apply();
    // What waited is told at the new address, at once.
    await receiver.until(1);
    expect(receiver.events()).toMatchObject([{ action: 'push', target: { tag: '1' } }]);
    const post = () => fetch(`${server.url}/v2/team/b/blobs/uploads/`, { method: 'POST', body: 'xx' });
    expect((await post()).status).toBe(403);
    inForce = settings;
    apply();
    expect((await post()).status).toBe(202);
  });

  test('tells after a restart what could not be told before', async () => {
    await start(endpointOf({ url: 'http://user:pass@127.0.0.1:1/hook' }));
    const body = JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [] });
    expect((await call('PUT', '1', body)).status).toBe(201);
    await server.close();
    expect(log.filter((line) => line.startsWith('webhook'))).toEqual([
      expect.stringMatching(/^webhook hook: cannot be reached.*; its events wait$/),
    ]);
    await start(endpointOf());
    await receiver.until(1);
    expect(receiver.events()).toMatchObject([{ action: 'push', target: { tag: '1' } }]);
    expect(log.join('\n')).not.toMatch(/pass|not to be seen/);
  });
});

describe('the sender', () => {
  /** Events that wait in memory. */
  class Waiting implements EventSource {
    events: { sequence: number; event: string }[] = [];
    failures = 0;
    #listener = () => {};
    add(...texts: string[]): void {
      for (const event of texts)
        this.events.push({ sequence: (this.events.at(-1)?.sequence ?? 0) + 1, event });
      this.#listener();
    }
    next = (_endpoint: string, limit: number) => this.events.slice(0, limit);
    delivered = (_endpoint: string, last: number) => {
      this.events = this.events.filter(({ sequence }) => sequence > last);
    };
    failed = () => {
      this.failures++;
    };
    claim = () => true;
    release = () => {};
    onAdded = (listener: () => void) => {
      this.#listener = listener;
    };
  }

  test('tries again until it is heard, and keeps the order', async () => {
    const source = new Waiting();
    const log: string[] = [];
    receiver.statuses.push(500, 302, 404);
    source.add('1', '2');
    const waited: number[] = [];
    await using _sender = new WebhookSender([endpointOf()], {
      source,
      log: (line) => log.push(line),
      now: () => new Date(),
      retryMs: (failures) => {
        waited.push(failures);
        return 1;
      },
    });
    await receiver.until(4);
    source.add('3');
    await receiver.until(5);
    expect(receiver.received.map(({ body }) => JSON.parse(body).events)).toEqual([
      ...Array(4).fill([1, 2]),
      [3],
    ]);
    expect(waited).toEqual([0, 1, 2]);
    expect(source.failures).toBe(3);
    expect(log).toEqual([500, 302, 404].map((status) => `webhook hook: answered ${status}; its events wait`));
  });

  test('lets go of an endpoint before it tells it by other settings, and leaves the others alone', async () => {
    const source = new Waiting();
    const order: string[] = [];
    source.release = () => void order.push('let go');
    source.claim = () => {
      order.push('claimed');
      return true;
    };
    const silent = createServer(() => order.push('asked')).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    try {
      const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
      source.add('1');
      const deps = { source, log: () => {}, now: () => new Date() };
      await using sender = new WebhookSender([endpointOf({ url })], deps);
      await expect.poll(() => order).toEqual(['claimed', 'asked']);
      sender.update([endpointOf({ url })]);
      sender.update([endpointOf()]);
      await receiver.until(1);
      expect(order).toEqual(['claimed', 'asked', 'let go', 'claimed']);
      expect(source.failures).toBe(0);
      await expect.poll(() => source.events).toEqual([]);
      sender.update([]);
      await expect.poll(() => order).toHaveLength(5);
      source.add('2');
      expect(source.events).toHaveLength(1);
    } finally {
      silent.closeAllConnections();
      silent.close();
    }
  });

  test('tells one of two endpoints that have one name, and lets go of it', async () => {
    const source = new Waiting();
    let releases = 0;
    source.release = () => void releases++;
    source.add('1');
    const first = endpointOf({ url: 'http://127.0.0.1:1/hook' });
    const deps = { source, log: () => {}, now: () => new Date() };
    const sender = new WebhookSender([first, endpointOf()], deps);
    await receiver.until(1);
    await sender[Symbol.asyncDispose]();
    expect([releases, source.failures]).toEqual([1, 0]);
  });

  test('gives up an attempt that takes too long', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    try {
      const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
      const options = { now: new Date(), signal: new AbortController().signal };
      expect(await sendEvents({ url, timeout: 50 }, [], options)).toEqual({
        ok: false,
        problem: 'did not answer in time',
      });
    } finally {
      silent.closeAllConnections();
      silent.close();
    }
  });

  test('sends the user of a URL as what it is', async () => {
    const url = receiver.url.replace('://', '://ann:a%20b@');
    const options = { now: new Date(0), signal: new AbortController().signal };
    expect(await sendEvents({ url, timeout: 5_000 }, [], options)).toEqual({ ok: true });
    expect(receiver.received[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from('ann:a b').toString('base64')}`,
    );
  });

  test('signs the time with the body', () => {
    const at = new Date(1_700_000_000_999);
    expect(signatureOf('key', '{}', at)).toEqual({
      'x-wherry-timestamp': '1700000000',
      'x-wherry-signature': `sha256=${createHmac('sha256', 'key').update('1700000000.{}').digest('hex')}`,
    });
  });
});
