import { afterEach, describe, expect, test } from 'vitest';
import type { Credentials } from '../config/credentials.ts';
import { insecureHosts } from '../config/daemon-config.ts';
import type { RegistryRule } from '../config/wherry-config.ts';
import { WherryError } from '../errors.ts';
import { instantClock } from '../testing/registry-client-suite.ts';
import {
  type ScriptedAnswer,
  type ScriptedRequest,
  type ScriptedServer,
  startScriptedServer,
} from '../testing/scripted-server.ts';
import { createRegistryClient } from './client.ts';
import type { HttpRequest, Transport } from './transport.ts';
import { UndiciTransport } from './undici-transport.ts';

const USER: Credentials = { username: 'ada', password: 'secret' };
const USER_BASIC = `Basic ${Buffer.from('ada:secret').toString('base64')}`;
const APP = { name: 'team/app', description: 'An app', star_count: 3, is_official: true, is_automated: true };
const FOUND_APP = {
  name: 'team/app',
  description: 'An app',
  starCount: 3,
  isOfficial: true,
  isAutomated: true,
};

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

type Answering = (request: ScriptedRequest) => ScriptedAnswer | undefined;

async function serve(answer: Answering): Promise<ScriptedServer> {
  const server = await startScriptedServer(answer);
  open.push({ close: async () => server[Symbol.asyncDispose]() });
  return server;
}

/** A registry that has a search; `ping` is what it answers to anything else. */
function serveIndex(body: unknown, ping: ScriptedAnswer = {}): Promise<ScriptedServer> {
  return serve(({ url }) => (url.pathname === '/v1/search' ? { body } : ping));
}

/** A registry without a search, of which a page of repositories has two. */
function serveCatalog(names: readonly string[]): Promise<ScriptedServer> {
  return serve(({ url }) => {
    if (url.pathname === '/v2/') return {};
    if (url.pathname !== '/v2/_catalog') return undefined;
    const rest = names.filter((name) => name > (url.searchParams.get('last') ?? ''));
    const repositories = rest.slice(0, 2);
    const link = `</v2/_catalog?last=${encodeURIComponent(repositories.at(-1) ?? '')}&n=2>; rel="next"`;
    return { headers: rest.length > 2 ? { link } : {}, body: { repositories } };
  });
}

interface Setup {
  readonly rules?: readonly Partial<RegistryRule>[];
  readonly credentials?: Readonly<Record<string, Credentials>>;
  readonly transport?: Transport;
}

function clientOf(domain: string, { rules = [], credentials = {}, transport }: Setup = {}) {
  const client = createRegistryClient({
    transport: transport ?? new UndiciTransport(),
    config: {
      rules: rules.map((rule) => ({
        prefix: domain,
        insecure: false,
        blocked: false,
        mirrors: [],
        source: 'config.toml',
        ...rule,
      })),
      dockerMirrors: [{ url: 'http://127.0.0.1:1', source: 'daemon.json' }],
      isInsecure: insecureHosts([]),
      credentials: { get: async (of) => credentials[of] },
    },
    clock: instantClock().clock,
    random: () => 0.5,
  });
  open.push(client);
  return client;
}

function search(domain: string, term: string, { limit = 25, ...setup }: Setup & { limit?: number } = {}) {
  return clientOf(domain, setup).search({ domain, term, limit });
}

function mirrorAt(server: ScriptedServer, more: object = {}) {
  return {
    mirrors: [
      { location: `http://${server.host}`, insecure: false, pull: 'all', sendNamespace: false, ...more },
    ],
  } as const;
}

describe('an index', () => {
  test('is asked as Docker asks it', async () => {
    const server = await serveIndex({ results: [APP, { name: 'b' }] });
    expect(await search(server.host, 'a+b c/ä', { limit: 7 })).toEqual([
      FOUND_APP,
      { name: 'b', description: '', starCount: 0, isOfficial: false, isAutomated: false },
    ]);
    expect(server.asked()).toEqual(['/v1/search?q=a%2Bb+c%2F%C3%A4&n=7']);
    expect(server.requests.at(-1)?.headers).toMatchObject({ 'x-docker-token': 'true' });
  });

  test('of Docker Hub is at its own host, and no mirror of the daemon is asked', async () => {
    const sent: HttpRequest[] = [];
    const transport: Transport = {
      send: async (request) => {
        sent.push(request);
        throw new WherryError('UNREACHABLE', 'dial tcp: lookup index.docker.io: no such host', {
          details: { reason: 'unknown-host' },
        });
      },
    };
    await expect(search('docker.io', 'nginx', { transport })).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message:
        'Get "https://index.docker.io/v1/search?q=nginx&n=25": dial tcp: lookup index.docker.io: no such host',
    });
    expect(sent.map(({ url }) => url.host)).toEqual(['index.docker.io']);
  });

  test('that knows no limits gets one', async () => {
    const server = await serveIndex({ results: [APP, APP, APP] });
    expect(await search(server.host, 'a', { limit: 2 })).toHaveLength(2);
  });

  test.each([
    { name: 'no results', body: { results: null } },
    { name: 'an object without them', body: {} },
  ])('may answer $name', async ({ body }) => {
    const server = await serveIndex(body);
    expect(await search(server.host, 'a')).toEqual([]);
  });

  test.each([
    { name: 'broken JSON', body: '{"results": [{"name": "a', fault: 'unexpected EOF' },
    { name: 'nothing', body: '', fault: 'unexpected EOF' },
    {
      name: 'an HTML page',
      body: '<!doctype html>',
      fault: "invalid character '<' looking for beginning of value",
    },
    { name: 'a list', body: [], fault: 'answer: a list, want an object' },
    {
      name: 'results that are no list',
      body: { results: {} },
      fault: 'answer.results: an object, want a list',
    },
    {
      name: 'a result without a name',
      body: { results: [APP, {}] },
      fault: 'answer.results[1].name: missing, want a text',
    },
    {
      name: 'stars that are no number',
      body: { results: [{ name: 'a', star_count: '9' }] },
      fault: 'answer.results[0].star_count: want a whole number',
    },
    {
      name: 'an official that is no flag',
      body: { results: [{ name: 'a', is_official: 1 }] },
      fault: 'answer.results[0].is_official: want true or false',
    },
    {
      name: 'JSON without a bottom',
      body: '['.repeat(100_000),
      fault: 'unexpected EOF',
    },
  ])('that answers $name is refused', async ({ body, fault }) => {
    const server = await serveIndex(body);
    await expect(search(server.host, 'a')).rejects.toMatchObject({
      code: 'REGISTRY_ERROR',
      message: `error decoding registry search results: ${fault}`,
    });
  });

  test.each([
    { name: 'that says how much', headers: { 'content-length': String(5 << 20) } },
    { name: 'that does not', headers: { 'transfer-encoding': 'chunked' } },
  ])('with a huge answer $name is refused', async ({ headers }) => {
    const server = await serve(({ url }) =>
      url.pathname === '/v2/' ? {} : { headers, body: ' '.repeat(5 << 20) },
    );
    await expect(search(server.host, 'a')).rejects.toMatchObject({
      code: 'TOO_LARGE',
      message: 'error decoding registry search results: more than 4194304 bytes',
    });
  });

  test.each([
    { status: 500, body: 'oops', message: 'Unexpected status code 500', code: 'REGISTRY_ERROR', times: 5 },
    {
      status: 401,
      body: '',
      message: /^Unexpected status code 401: unauthor/,
      code: 'UNAUTHORIZED',
      times: 1,
    },
    {
      status: 403,
      body: { errors: [{ code: 'DENIED', message: 'not you\x1b[2J' }] },
      message: 'Unexpected status code 403: denied: not you [2J',
      code: 'DENIED',
      times: 1,
    },
  ])('that answers $status is told of', async ({ status, body, message, code, times }) => {
    const server = await serve(({ url }) => (url.pathname === '/v2/' ? {} : { status, body }));
    await expect(search(server.host, 'a')).rejects.toMatchObject({
      code,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
    expect(server.asked()).toHaveLength(times);
  });

  test('that is down is told of in the words of Docker', async () => {
    const { host } = await startScriptedServer(() => undefined).then(async (server) => {
      await server[Symbol.asyncDispose]();
      return server;
    });
    const refused = `dial tcp ${host}: connect: connection refused`;
    await expect(search(host, 'nginx')).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: `invalid registry endpoint "http://${host}/v1/". HTTPS attempt: Get "https://${host}/v1/_ping": ${refused}. HTTP attempt: Get "http://${host}/v1/_ping": ${refused}`,
    });
  });
});

describe('credentials', () => {
  const authorizations = (server: ScriptedServer) =>
    server.requests.flatMap(({ url, headers }) => (url.pathname === '/v2/' ? [] : [headers.authorization]));

  test('go to their host unasked, and to no other', async () => {
    const other = await serveIndex({ results: [] });
    const server = await serve(({ url }) =>
      url.pathname === '/v2/' ? {} : { status: 302, headers: { location: `http://${other.host}/v1/search` } },
    );
    await search(server.host, 'a', { credentials: { [server.host]: USER } });
    expect(authorizations(server)).toEqual([USER_BASIC]);
    expect(authorizations(other)).toEqual([undefined]);
  });

  test('are missed where the host wants some', async () => {
    const challenge = { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } };
    const server = await serve(({ url }) => (url.pathname === '/v2/' ? {} : challenge));
    await expect(search(server.host, 'a')).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: `Get "http://${server.host}/v1/search": no basic auth credentials`,
      hint: `log in with 'wherry login ${server.host}'`,
    });
    const wrong = search(server.host, 'a', { credentials: { [server.host]: USER } });
    await expect(wrong).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  test('become a token where the host wants one', async () => {
    const server: ScriptedServer = await serve(({ url, headers }) => {
      if (url.pathname === '/token') return { body: { token: 'tok' } };
      if (url.pathname === '/v2/' || headers.authorization === 'Bearer tok')
        return url.pathname === '/v2/' ? {} : { body: { results: [APP] } };
      const challenge = `Bearer realm="http://${server.host}/token",service="s"`;
      return { status: 401, headers: { 'www-authenticate': challenge } };
    });
    const found = await search(server.host, 'a', { credentials: { [server.host]: USER } });
    expect(found).toEqual([FOUND_APP]);
  });
});

describe('a registry without a search', () => {
  const NAMES = ['app', 'db', 'team/app', 'team/web', 'zapp'];

  test('is searched by its list of repositories, page after page', async () => {
    const server = await serveCatalog(NAMES);
    const found = await search(server.host, 'app');
    expect(found.map(({ name }) => name)).toEqual(['app', 'team/app', 'zapp']);
    expect(found[0]).toMatchObject({ description: '', starCount: 0, isOfficial: false });
    expect(server.asked()).toEqual([
      '/v1/search?q=app&n=25',
      '/v2/_catalog',
      '/v2/_catalog?last=db&n=2',
      '/v2/_catalog?last=team%2Fweb&n=2',
    ]);
  });

  test('is not read further than the limit', async () => {
    const server = await serveCatalog(NAMES);
    expect(await search(server.host, '', { limit: 2 })).toHaveLength(2);
    expect(server.asked()).toEqual(['/v1/search?q=&n=2', '/v2/_catalog']);
  });

  test('shows what lies below the path that the configuration gives', async () => {
    const server = await serveCatalog(['hub', 'hub/library/nginx', 'hub/team/nginx', 'other/nginx']);
    const rules = [{ location: `http://${server.host}/hub` }];
    const ofHub = await search('docker.io', 'nginx', { rules });
    expect(ofHub.map(({ name }) => name)).toEqual(['nginx', 'team/nginx']);
    const ofOther = await search('registry.example.com', 'nginx', { rules });
    expect(ofOther.map(({ name }) => name)).toEqual(['library/nginx', 'team/nginx']);
  });

  test.each([
    {
      name: 'no list either',
      answer: undefined,
      want: { code: 'UNSUPPORTED', message: 'Unexpected status code 404' },
    },
    {
      name: 'a list for others only',
      answer: { status: 403 },
      want: {
        code: 'DENIED',
        message: 'Unexpected status code 403: denied: requested access to the resource is denied',
      },
    },
    { name: 'a list that is a page', answer: { body: '<html>' }, want: { code: 'REGISTRY_ERROR' } },
    { name: 'a list of numbers', answer: { body: { repositories: [1] } }, want: { code: 'REGISTRY_ERROR' } },
    {
      name: 'a list without an end',
      answer: { headers: { link: '</v2/_catalog?last=a>; rel="next"' }, body: { repositories: ['b'] } },
      want: { code: 'REGISTRY_ERROR' },
    },
  ])('and with $name is told of', async ({ answer, want }) => {
    const server = await serve(({ url }) => {
      if (url.pathname === '/v2/') return {};
      return url.pathname === '/v2/_catalog' ? answer : undefined;
    });
    await expect(search(server.host, 'a')).rejects.toMatchObject(want);
  });
});

describe('the configuration', () => {
  test('moves a search, and blocks one', async () => {
    const server = await serveIndex({ results: [APP] });
    const rules = [{ location: `http://${server.host}` }];
    expect(await search('registry.example.com', 'app', { rules })).toEqual([FOUND_APP]);
    await expect(search('registry.example.com', 'app', { rules: [{ blocked: true }] })).rejects.toMatchObject(
      { code: 'BLOCKED' },
    );
  });

  test('has mirrors asked first, for their search', async () => {
    const origin = await serveIndex({ results: [] });
    const mirror = await serveIndex({ results: [APP] });
    const rules = [{ location: `http://${origin.host}`, ...mirrorAt(mirror, { sendNamespace: true }) }];
    expect(await search('registry.example.com', 'app', { rules })).toEqual([FOUND_APP]);
    expect(mirror.asked()).toEqual(['/v1/search?q=app&n=25&ns=registry.example.com']);
    expect(origin.asked()).toEqual([]);
  });

  test('has the registry answer where a mirror has no search of its own', async () => {
    const origin = await serveIndex({ results: [APP] });
    const mirror = await serveCatalog(['cached/app']);
    const rules = [{ location: `http://${origin.host}`, ...mirrorAt(mirror) }];
    expect(await search('registry.example.com', 'app', { rules })).toEqual([FOUND_APP]);
    expect(mirror.asked()).toEqual(['/v1/search?q=app&n=25']);
  });

  test('goes on to have a mirror asked for pulls that has no search', async () => {
    const origin = await serveIndex({ results: [] }, { status: 404 });
    const mirror = await serve(({ url }) => (url.pathname === '/v2/' ? {} : { status: 404 }));
    const domain = 'registry.example.com';
    const client = clientOf(domain, {
      rules: [{ location: `http://${origin.host}`, ...mirrorAt(mirror) }],
    });
    await client.search({ domain, term: 'app', limit: 25 });
    await client.headManifest({ domain, path: 'app', tag: '1' });
    expect(mirror.asked()).toEqual(['/v1/search?q=app&n=25', '/v2/app/manifests/1']);
  });

  test('of a part of a registry does not hold for all of it', async () => {
    const server = await serveIndex({ results: [APP] });
    const rules = [
      { location: `http://${server.host}` },
      { prefix: 'registry.example.com/team', blocked: true },
    ];
    expect(await search('registry.example.com', 'team/app', { rules })).toEqual([FOUND_APP]);
  });
});
