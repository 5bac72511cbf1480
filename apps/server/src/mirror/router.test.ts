import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MemoryRegistry, startMemoryRegistry } from '@wherry/core/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../../test/memory-backend.ts';
import { type RunningServer, startServer } from '../server.ts';
import { defaultSettings } from '../settings/service-settings.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

let root: string;
let upstream: MemoryRegistry;
let server: RunningServer;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'wherry-mirror-'));
  upstream = await startMemoryRegistry();
  server = await start();
});
afterEach(async () => {
  await server.close();
  await upstream[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

/** The upstream is Docker Hub to the mirror, and a registry of its own name besides. */
function start(tagTtlMs = 0, settings = defaultSettings()): Promise<RunningServer> {
  const upstreams = [{ name: 'docker.io', location: `http://${upstream.host}` }, { name: upstream.host }];
  const env = { HOME: root, DOCKER_CONFIG: root };
  const hosts = { 'hub.example': 'docker.io' };
  const mirror = { upstreams, tagTtlMs, hosts };
  return startServer({ root, host: '127.0.0.1', port: 0, env, mirror, settings: () => settings });
}

function addImage(repository: string, layerText = 'layer') {
  const layer = upstream.addBlob(repository, Buffer.from(layerText));
  const config = upstream.addBlob(repository, Buffer.from('{}'));
  const document = { schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] };
  return { layer, manifest: upstream.addManifest(repository, 'latest', document) };
}

async function send(path: string, method = 'GET', body?: string) {
  const response = await fetch(new URL(path, server.url), { method, ...(body !== undefined && { body }) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

describe('an image of an upstream', () => {
  test.each([
    {
      name: 'path prefix',
      path: () => `${upstream.host}/library/app`,
      query: '',
      namespace: () => upstream.host,
    },
    {
      name: 'path prefix of Docker Hub',
      path: () => 'docker.io/app',
      query: '',
      namespace: () => 'docker.io',
    },
    { name: 'bare name', path: () => 'library/app', query: '', namespace: () => 'docker.io' },
    { name: 'namespace', path: () => 'library/app', query: '?ns=docker.io', namespace: () => 'docker.io' },
  ])('is served by $name', async ({ path, query, namespace }) => {
    const { layer, manifest } = addImage('library/app');
    const head = await send(`/v2/${path()}/manifests/latest${query}`, 'HEAD');
    expect([head.status, head.headers.get('docker-content-digest')]).toEqual([200, manifest.digest]);
    const got = await send(`/v2/${path()}/manifests/${manifest.digest}${query}`);
    expect(got.text).toBe(Buffer.from(upstream.manifest('library/app', 'latest') ?? []).toString());
    expect(got.headers.get('oci-namespace')).toBe(namespace());
    const blob = `/v2/${path()}/blobs/${layer.digest}${query}`;
    expect((await send(blob, 'HEAD')).headers.get('content-length')).toBe('5');
    expect((await send(blob)).text).toBe('layer');
    // The HEAD filled the cache, and the blob was asked for once.
    const asked = upstream.requests.filter(({ method }) => method === 'GET').map(({ kind }) => kind);
    expect(asked.filter((kind) => kind !== 'ping')).toEqual(['manifest', 'blob']);
    expect(JSON.parse((await send(`/v2/${path()}/tags/list${query}`)).text).tags).toEqual(['latest']);
  });

  test('is served with a warning while its upstream is away', async () => {
    const { manifest } = addImage('library/app');
    const path = '/v2/docker.io/library/app/manifests/latest';
    expect((await send(path)).headers.get('warning')).toBeNull();
    await upstream[Symbol.asyncDispose]();
    const stale = await send(path);
    expect([stale.status, stale.headers.get('docker-content-digest')]).toEqual([200, manifest.digest]);
    expect(stale.headers.get('warning')).toMatch(
      /^299 - "docker\.io is out of reach .*: this was true .* ago"$/,
    );
    const missing = await send('/v2/docker.io/library/none/manifests/latest');
    expect(missing.status).toBe(502);
    expect(JSON.parse(missing.text).errors[0]).toMatchObject({ code: 'UNKNOWN' });
  });

  test('is served by the host name that the client has for the service', async () => {
    const { manifest } = addImage('library/app');
    const [answer] = await once(
      request(new URL('/v2/library/app/manifests/latest', server.url), {
        headers: { host: 'hub.example:5000' },
      }).end(),
      'response',
    );
    answer.resume();
    expect(answer.headers['docker-content-digest']).toBe(manifest.digest);
    expect(answer.headers['oci-namespace']).toBe('docker.io');
  });

  test.each([
    { name: 'limits', status: 429, answer: [429, 'TOOMANYREQUESTS'] },
    { name: 'refuses', status: 403, answer: [403, 'DENIED'] },
    { name: 'fails', status: 418, answer: [502, 'UNKNOWN'] },
  ])('that is not cached is an error while its upstream $name', async ({ status, answer }) => {
    addImage('library/app');
    upstream.addFault({ on: 'GET manifest', status, times: 3 });
    const got = await send('/v2/docker.io/library/app/manifests/latest');
    expect([got.status, JSON.parse(got.text).errors[0].code]).toEqual(answer);
  });

  test('answers a part of a blob, and what has not changed, as our own does', async () => {
    const { layer, manifest } = addImage('library/app', 'some layer');
    const blob = new URL(`/v2/docker.io/library/app/blobs/${layer.digest}`, server.url);
    const part = await fetch(blob, { headers: { range: 'bytes=5-' } });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
      206,
      'bytes 5-9/10',
      'layer',
    ]);
    const url = new URL('/v2/docker.io/library/app/manifests/latest', server.url);
    const same = await fetch(url, { headers: { 'if-none-match': `"${manifest.digest}"` } });
    expect(same.status).toBe(304);
  });

  test('has its blobs sent by a proxy in front once they are here', async () => {
    const { layer } = addImage('library/app');
    const registry = { accelRedirect: '/store' };
    await server.close();
    server = await start(0, { ...defaultSettings(), registry });
    const path = `/v2/docker.io/library/app/blobs/${layer.digest}`;
    const first = await send(path);
    expect([first.text, first.headers.get('x-accel-redirect')]).toEqual(['layer', null]);
    await expect
      .poll(async () => (await send(path)).headers.get('x-accel-redirect'))
      .toBe(`/store/blobs/sha256/${layer.digest.slice('sha256:'.length)}`);
    expect((await send(path, 'HEAD')).headers.get('content-length')).toBe('5');
  });

  test('is not shown to whom its upstream would not show it', async () => {
    const { layer } = addImage('library/app');
    await send(`/v2/docker.io/library/app/blobs/${layer.digest}`);
    expect((await send(`/v2/docker.io/library/other/blobs/${layer.digest}`)).status).toBe(404);
  });

  test.each([
    { name: 'wrong bytes', fault: { on: 'GET blob', corrupt: true } },
    { name: 'a page', fault: { on: 'GET blob', status: 200, body: '<html>' } },
    {
      name: 'a redirect into the private network',
      fault: { on: 'GET blob', redirectTo: 'http://127.0.0.1:9' },
    },
    {
      name: 'a redirect to a link-local address',
      fault: { on: 'GET blob', redirectTo: 'http://169.254.169.254' },
    },
    { name: 'a redirect to a private name', fault: { on: 'GET blob', redirectTo: 'http://localhost:9' } },
  ])('is an error when its upstream sends $name', async ({ fault }) => {
    const { layer } = addImage('library/app');
    const path = `/v2/docker.io/library/app/blobs/${layer.digest}`;
    await send('/v2/docker.io/library/app/manifests/latest');
    upstream.addFault(fault);
    const bad = await send(path).catch((error: Error) => error);
    if (bad instanceof Error) expect(bad.message).toMatch(/terminated|fetch failed/);
    else expect([bad.status, JSON.parse(bad.text).errors[0].code]).toEqual([502, 'UNKNOWN']);
    expect((await send(path)).text).toBe('layer');
  });
});

describe('our own registry', () => {
  test('keeps its names, and takes pushes to bare ones', async () => {
    addImage('team/app');
    const pushed = await pushImage('team/app');
    const got = await send('/v2/team/app/manifests/latest');
    expect(got.headers.get('docker-content-digest')).toBe(pushed);
    expect(got.headers.get('oci-namespace')).toBeNull();
    expect(JSON.parse((await send('/v2/_catalog')).text).repositories).toEqual(['team/app']);
    // Nobody was asked about what was pushed.
    expect(upstream.requests).toEqual([]);
  });

  test('refuses pushes to what it mirrors', async () => {
    for (const path of [
      '/v2/docker.io/team/app/blobs/uploads/',
      '/v2/team/app/blobs/uploads/?ns=docker.io',
    ]) {
      const refused = await send(path, 'POST');
      expect(refused.status).toBe(403);
      expect(JSON.parse(refused.text).errors).toEqual([
        {
          code: 'DENIED',
          message: 'docker.io/team/app is a mirror, which takes no pushes',
          detail: { hint: 'push to docker.io itself' },
        },
      ]);
    }
  });

  test('does not ask Docker Hub about names that it cannot have', async () => {
    expect((await send('/v2/app/manifests/latest')).status).toBe(404);
    expect(upstream.requests).toEqual([]);
  });

  test('says what is not mirrored', async () => {
    const refused = await send('/v2/team/app/manifests/latest?ns=quay.io');
    expect([refused.status, JSON.parse(refused.text).errors[0].code]).toEqual([404, 'NAME_UNKNOWN']);
  });
});

async function pushImage(repository: string): Promise<string> {
  const config = Buffer.from('{"own":true}');
  const digest = digestOf(config);
  await fetch(`${server.url}/v2/${repository}/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    body: config,
  });
  const descriptor = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length };
  const body = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config: descriptor, layers: [] });
  const response = await fetch(`${server.url}/v2/${repository}/manifests/latest`, {
    method: 'PUT',
    body,
    headers: { 'content-type': MANIFEST },
  });
  return String(response.headers.get('docker-content-digest'));
}
