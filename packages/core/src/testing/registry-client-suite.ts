import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import type { ByteRange } from '../bytes/byte-range.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { Clock } from '../clock.ts';
import type { Credentials } from '../config/credentials.ts';
import type { DockerMirror } from '../config/daemon-config.ts';
import type { RegistryRule } from '../config/wherry-config.ts';
import type { Digest } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Reference } from '../reference.ts';
import { tokenRealm } from '../registry/auth.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import { type MemoryRegistry, type MemoryRegistryOptions, startMemoryRegistry } from './memory-registry.ts';

/** How the suite asks for a client. */
export interface SuiteClientOptions {
  readonly rules: readonly RegistryRule[];
  readonly dockerMirrors: readonly DockerMirror[];
  /** By domain. */
  readonly credentials: Readonly<Record<string, Credentials>>;
  /** Its `sleep` returns at once. */
  readonly clock: Clock;
  readonly onWarning: (message: string) => void;
}

const DIGEST_OF_NOTHING_KNOWN = `sha256:${'0'.repeat(64)}` as Digest;
const PAYLOAD = randomBytes(300_000);
const LARGE_PAYLOAD = randomBytes(3_000_000);
const USER: Credentials = { username: 'user', password: 'secret' };
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

/** What every `RegistryClient` must do, over real HTTP against a registry that misbehaves on cue. */
export function registryClientSuite(
  name: string,
  createClient: (options: SuiteClientOptions) => RegistryClient,
): void {
  describe(name, () => {
    const open: AsyncDisposable[] = [];
    const clients: RegistryClient[] = [];
    afterEach(async () => {
      await Promise.all(clients.splice(0).map((client) => client.close()));
      await Promise.all(open.splice(0).map((one) => one[Symbol.asyncDispose]()));
    });

    const start = async (options?: MemoryRegistryOptions): Promise<MemoryRegistry> => {
      const registry = await startMemoryRegistry(options);
      open.push(registry);
      return registry;
    };
    const client = (options: Partial<SuiteClientOptions> = {}): RegistryClient => {
      const made = createClient({
        rules: [],
        dockerMirrors: [],
        credentials: {},
        clock: instantClock().clock,
        onWarning: () => {},
        ...options,
      });
      clients.push(made);
      return made;
    };

    describe('manifests', () => {
      test('resolves a tag and verifies the bytes', async () => {
        const registry = await start();
        const target = registry.addManifest('team/app', '1.0', manifestDocument());
        const found = await client().getManifest(refTo(registry, 'team/app', '1.0'));
        expect(found.descriptor).toEqual(target);
        expect(JSON.parse(Buffer.from(found.bytes).toString())).toEqual(manifestDocument());
        expect(await client().headManifest(refTo(registry, 'team/app', '1.0'))).toEqual(target);
      });

      test('fetches by digest', async () => {
        const registry = await start();
        const target = registry.addManifest('team/app', '1.0', manifestDocument());
        const ref = { ...refTo(registry, 'team/app'), digest: target.digest };
        expect((await client().getManifest(ref)).descriptor.digest).toBe(target.digest);
      });

      test('says in the words of Docker that there is no such tag', async () => {
        const registry = await start();
        registry.addManifest('team/app', '1.0', manifestDocument());
        const ref = refTo(registry, 'team/app', 'nosuch');
        await expect(client().getManifest(ref)).rejects.toMatchObject({
          code: 'MANIFEST_UNKNOWN',
          message: `manifest for ${registry.host}/team/app:nosuch not found: manifest unknown: manifest unknown`,
        });
        expect(await client().headManifest(ref)).toBeUndefined();
      });

      test.each([
        { name: 'another digest than asked for', fault: { corrupt: true }, code: 'DIGEST_MISMATCH' },
        {
          name: 'an HTML page',
          fault: { status: 200, headers: { 'content-type': 'text/html' }, body: '<!DOCTYPE html><html>' },
          code: 'REGISTRY_ERROR',
        },
        {
          name: 'JSON that is no object',
          fault: { status: 200, headers: { 'content-type': MANIFEST_TYPE }, body: '[]' },
          code: 'REGISTRY_ERROR',
        },
        {
          name: 'a schema 1 manifest',
          fault: {
            status: 200,
            headers: { 'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws' },
            body: '{"schemaVersion":1}',
          },
          code: 'UNSUPPORTED',
        },
        {
          name: 'a media type that contradicts the document',
          fault: {
            status: 200,
            headers: { 'content-type': 'application/vnd.oci.image.index.v1+json' },
            body: JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE }),
          },
          code: 'INVALID_DOCUMENT',
        },
        {
          name: 'more than a manifest may have',
          fault: {
            status: 200,
            headers: { 'content-type': MANIFEST_TYPE },
            body: `"${'x'.repeat(4 << 20)}"`,
          },
          code: 'TOO_LARGE',
        },
        {
          name: 'a digest header for other bytes',
          fault: {
            status: 200,
            headers: { 'content-type': MANIFEST_TYPE, 'docker-content-digest': DIGEST_OF_NOTHING_KNOWN },
            body: '{"schemaVersion":2}',
          },
          code: 'DIGEST_MISMATCH',
        },
      ])('refuses $name', async ({ fault, code }) => {
        const registry = await start({ faults: [{ on: 'GET manifest', ...fault }] });
        registry.addManifest('team/app', '1.0', manifestDocument());
        await expect(client().getManifest(refTo(registry, 'team/app', '1.0'))).rejects.toMatchObject({
          code,
        });
      });

      test('pushes and gives the descriptor', async () => {
        const registry = await start();
        const bytes = Buffer.from(JSON.stringify(manifestDocument()));
        const pushed = await client().putManifest(refTo(registry, 'team/new', '2'), bytes, MANIFEST_TYPE);
        expect(pushed).toMatchObject({ mediaType: MANIFEST_TYPE, size: bytes.length });
        expect(registry.manifest('team/new', '2')).toEqual(bytes);
      });
    });

    describe('blobs', () => {
      test('reads the whole, a range, and nothing of an empty one', async () => {
        const registry = await start();
        const blob = registry.addBlob('team/app', PAYLOAD);
        const empty = registry.addBlob('team/app', new Uint8Array());
        const repo = refTo(registry, 'team/app');
        expect(await read(client().getBlob(repo, blob))).toEqual(PAYLOAD);
        expect(await read(client().getBlob(repo, blob, { start: 10, end: 20 }))).toEqual(
          PAYLOAD.subarray(10, 20),
        );
        expect(await read(client().getBlob(repo, blob, { start: 299_990 }))).toEqual(
          PAYLOAD.subarray(299_990),
        );
        expect(await read(client().getBlob(repo, empty))).toHaveLength(0);
      });

      test.each([
        { name: 'a reset', faults: [{ on: 'GET blob', resetAfterBytes: 100_000 }], extra: 0 },
        {
          name: 'a body that ends too early',
          faults: [{ on: 'GET blob', shortBodyBytes: 100_000 }],
          extra: 0,
        },
        {
          name: 'several resets',
          faults: [{ on: 'GET blob', times: 7, resetAfterBytes: 20_000 }],
          extra: 0,
        },
        {
          name: 'a reset, at a server without ranges',
          faults: [
            { on: 'GET blob', resetAfterBytes: 100_000 },
            { on: 'GET blob', ignoreRange: true },
          ],
          extra: 100_000,
        },
        {
          name: 'a reset, at a server that refuses ranges',
          faults: [
            { on: 'GET blob', resetAfterBytes: 100_000 },
            { on: 'GET blob', status: 416 },
          ],
          extra: 100_000,
        },
        { name: 'a passing 503', faults: [{ on: 'GET blob', status: 503 }], extra: 0 },
      ])('goes on after $name', async ({ faults, extra }) => {
        const registry = await start({ faults });
        const blob = registry.addBlob('team/app', PAYLOAD);
        expect(await read(client().getBlob(refTo(registry, 'team/app'), blob))).toEqual(PAYLOAD);
        expect(registry.bytesSentOf(blob.digest)).toBe(PAYLOAD.length + extra);
      });

      test('takes a range out of the whole when the server has no ranges', async () => {
        const registry = await start({ faults: [{ on: 'GET blob', ignoreRange: true }] });
        const blob = registry.addBlob('team/app', PAYLOAD);
        const source = client().getBlob(refTo(registry, 'team/app'), blob, { start: 1000, end: 2000 });
        expect(await read(source)).toEqual(PAYLOAD.subarray(1000, 2000));
      });

      test('refuses more bytes than the descriptor says', async () => {
        const registry = await start({ faults: [{ on: 'GET blob', times: 9, extraBytes: 1 }] });
        const blob = registry.addBlob('team/app', PAYLOAD);
        await expect(read(client().getBlob(refTo(registry, 'team/app'), blob))).rejects.toMatchObject({
          code: 'SIZE_MISMATCH',
        });
      });

      test('refuses a blob of another length before it reads any of it', async () => {
        const registry = await start();
        const blob = registry.addBlob('team/app', PAYLOAD);
        const wrong = { ...blob, size: blob.size + 1 };
        await expect(read(client().getBlob(refTo(registry, 'team/app'), wrong))).rejects.toMatchObject({
          code: 'SIZE_MISMATCH',
          message: `blob ${blob.digest}: size ${blob.size}, want ${wrong.size}`,
        });
      });

      test('gives up on a connection that breaks every time', async () => {
        const registry = await start({ faults: [{ on: 'GET blob', times: 99, resetAfterBytes: 0 }] });
        const blob = registry.addBlob('team/app', PAYLOAD);
        await expect(read(client().getBlob(refTo(registry, 'team/app'), blob))).rejects.toMatchObject({
          kind: 'unavailable',
        });
        const asked = registry.requests.filter(({ kind, method }) => kind === 'blob' && method === 'GET');
        expect(asked).toHaveLength(5);
      });

      test('ends when it is cancelled', async () => {
        const registry = await start();
        const blob = registry.addBlob('team/app', PAYLOAD);
        const abort = new AbortController();
        const source = client().getBlob(refTo(registry, 'team/app'), blob, undefined, abort.signal);
        const reading = (async () => {
          for await (const chunk of source) if (chunk.length > 0) abort.abort();
        })();
        await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' });
      });

      test('follows a redirect without its credentials', async () => {
        const store = await start();
        const registry = await start({
          auth: { kind: 'basic', ...USER },
          faults: [{ on: 'GET blob', redirectTo: `http://${store.host}` }],
        });
        const blob = store.addBlob('team/app', PAYLOAD);
        const asUser = client({ credentials: { [registry.host]: USER, [store.host]: USER } });
        expect(await read(asUser.getBlob(refTo(registry, 'team/app'), blob))).toEqual(PAYLOAD);
        expect(store.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
      });

      test('refuses redirects in a loop', async () => {
        const registry = await start();
        registry.addFault({ on: 'GET blob', times: 99, redirectTo: `http://${registry.host}` });
        const blob = registry.addBlob('team/app', PAYLOAD);
        await expect(read(client().getBlob(refTo(registry, 'team/app'), blob))).rejects.toMatchObject({
          code: 'REGISTRY_ERROR',
        });
      });
    });

    describe('uploads', () => {
      test.each([
        { name: 'nothing', bytes: new Uint8Array() },
        { name: 'a small blob', bytes: PAYLOAD },
        { name: 'a large blob', bytes: LARGE_PAYLOAD },
      ])('uploads $name, once', async ({ bytes }) => {
        const registry = await start();
        const repo = refTo(registry, 'team/new');
        const sent: number[] = [];
        const blob = describedBytes(registry, bytes);
        const put = () =>
          client().putBlob(repo, blob, source(bytes), { onProgress: (count) => void sent.push(count) });
        expect(await put()).toEqual({ kind: 'uploaded' });
        expect(registry.hasBlob('team/new', blob.digest)).toBe(true);
        expect(Buffer.from(registry.blob(blob.digest) ?? [])).toEqual(Buffer.from(bytes));
        expect(sent.at(-1)).toBe(bytes.length);
        expect(await put()).toEqual({ kind: 'present' });
      });

      test('mounts from the first repository that has it', async () => {
        const registry = await start();
        const blob = registry.addBlob('team/base', PAYLOAD);
        const mountFrom = [refTo(registry, 'team/other'), refTo(registry, 'team/base')];
        const outcome = await client().putBlob(refTo(registry, 'team/new'), blob, source(PAYLOAD), {
          mountFrom,
        });
        expect(outcome).toEqual({ kind: 'mounted', from: mountFrom[1] });
        expect(registry.requests.filter(({ kind }) => kind === 'upload')).toHaveLength(0);
      });

      test('uploads into the session that a refused mount opened', async () => {
        const registry = await start();
        const mountFrom = [refTo(registry, 'team/one'), refTo(registry, 'team/two')];
        const blob = describedBytes(registry, PAYLOAD);
        const outcome = await client().putBlob(refTo(registry, 'team/new'), blob, source(PAYLOAD), {
          mountFrom,
        });
        expect(outcome).toEqual({ kind: 'uploaded' });
        const posts = registry.requests.filter(({ kind, method }) => kind === 'uploads' && method === 'POST');
        expect(posts).toHaveLength(2);
        expect(registry.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
      });

      test.each([
        { name: 'a cut', faults: [{ on: 'PATCH upload', resetAfterBytes: 1_000_000 }], resent: 0 },
        {
          name: 'several cuts',
          faults: [{ on: 'PATCH upload', times: 3, resetAfterBytes: 500_000 }],
          resent: 0,
        },
        {
          name: 'a cut and a lost session',
          faults: [
            { on: 'PATCH upload', resetAfterBytes: 1_000_000 },
            { on: 'GET upload', status: 404 },
          ],
          resent: 1_000_000,
        },
        { name: 'a passing 500', faults: [{ on: 'PATCH upload', status: 500 }], resent: 0 },
        { name: 'a 416', faults: [{ on: 'PATCH upload', status: 416 }], resent: 0 },
        {
          name: 'a passing 503 of the closing request',
          faults: [{ on: 'PUT upload', status: 503 }],
          resent: 0,
        },
      ])('goes on after $name', async ({ faults, resent }) => {
        const registry = await start({ faults });
        const blob = describedBytes(registry, LARGE_PAYLOAD);
        await client().putBlob(refTo(registry, 'team/new'), blob, source(LARGE_PAYLOAD));
        expect(registry.hasBlob('team/new', blob.digest)).toBe(true);
        const received = registry.requests
          .filter(({ kind }) => kind === 'upload')
          .reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
        expect(received).toBe(LARGE_PAYLOAD.length + resent);
      });

      test('says what the registry says of wrong bytes', async () => {
        const registry = await start();
        const blob = describedBytes(registry, PAYLOAD);
        const wrong = Buffer.from(PAYLOAD).fill(0);
        await expect(
          client().putBlob(refTo(registry, 'team/new'), blob, source(wrong)),
        ).rejects.toMatchObject({
          code: 'DIGEST_MISMATCH',
          message: 'digest invalid: provided digest did not match uploaded content',
        });
      });

      test('ends with the error of its own source, at once', async () => {
        const registry = await start();
        const blob = describedBytes(registry, LARGE_PAYLOAD);
        const failure = new WherryError('TRUNCATED', 'layer file ends at byte 1000');
        const failing = async function* (): ByteSource {
          yield LARGE_PAYLOAD.subarray(0, 1000);
          throw failure;
        };
        await expect(client().putBlob(refTo(registry, 'team/new'), blob, failing)).rejects.toBe(failure);
        expect(registry.requests.filter(({ method }) => method === 'PATCH').length).toBeLessThan(2);
      });

      test('sends pieces where the whole is too large for one request', async () => {
        const registry = await start({ maxRequestBytes: 16 << 20 });
        const bytes = Buffer.alloc((16 << 20) + 2_000_000, 'wherry');
        const blob = describedBytes(registry, bytes);
        await client().putBlob(refTo(registry, 'team/new'), blob, source(bytes));
        expect(registry.hasBlob('team/new', blob.digest)).toBe(true);
        const ranges = registry.requests.map(({ headers }) => headers['content-range']);
        expect(ranges).toContain(`0-${(16 << 20) - 1}`);
      });
    });

    describe('tags', () => {
      test('reads page after page', async () => {
        const registry = await start({ tagsPerPage: 2 });
        for (const tag of ['a', 'b', 'c', 'd', 'e'])
          registry.addManifest('team/app', tag, manifestDocument());
        expect(await listed(client().listTags(refTo(registry, 'team/app')))).toEqual([
          'a',
          'b',
          'c',
          'd',
          'e',
        ]);
      });

      test('says in the words of Docker that there is no such repository', async () => {
        const registry = await start();
        await expect(listed(client().listTags(refTo(registry, 'team/nosuch')))).rejects.toMatchObject({
          code: 'NAME_UNKNOWN',
          message: `repository ${registry.host}/team/nosuch not found: name unknown: repository name not known to registry`,
        });
      });

      test.each([
        { name: 'in a circle', link: '</v2/team/app/tags/list?last=a>; rel="next"' },
        { name: 'to another host', link: '<http://192.0.2.1/v2/team/app/tags/list>; rel="next"' },
      ])('refuses pages that lead $name', async ({ link }) => {
        const page = { status: 200, headers: { link }, body: '{"tags":["a"]}' };
        const registry = await start({ faults: [{ on: 'GET tags', times: 99, ...page }] });
        await expect(listed(client().listTags(refTo(registry, 'team/app')))).rejects.toMatchObject({
          code: 'REGISTRY_ERROR',
        });
      });
    });

    describe('authentication', () => {
      test('uses Basic credentials', async () => {
        const registry = await start({ auth: { kind: 'basic', ...USER } });
        registry.addManifest('private/app', '1.0', manifestDocument());
        const asUser = client({ credentials: { [registry.host]: USER } });
        await asUser.getManifest(refTo(registry, 'private/app', '1.0'));
        expect(registry.requests.filter(({ status }) => status === 401)).toHaveLength(1);
      });

      test('says in the words of Docker that credentials are missing', async () => {
        const registry = await start({ auth: { kind: 'basic', ...USER } });
        await expect(client().getManifest(refTo(registry, 'private/app', '1.0'))).rejects.toMatchObject({
          code: 'UNAUTHORIZED',
          message: `Head "http://${registry.host}/v2/private/app/manifests/1.0": no basic auth credentials`,
        });
        const blob = describedBytes(registry, PAYLOAD);
        const push = client().putBlob(refTo(registry, 'private/app'), blob, source(PAYLOAD));
        await expect(push).rejects.toMatchObject({
          code: 'UNAUTHORIZED',
          message: 'no basic auth credentials',
        });
      });

      test('says in the words of Docker that credentials are wrong', async () => {
        const registry = await start({ auth: { kind: 'basic', ...USER } });
        const wrong = client({ credentials: { [registry.host]: { username: 'user', password: 'no' } } });
        const bytes = Buffer.from('{}');
        await expect(
          wrong.putManifest(refTo(registry, 'private/app', '1'), bytes, MANIFEST_TYPE),
        ).rejects.toMatchObject({ code: 'UNAUTHORIZED', message: 'unauthorized: authentication required' });
      });

      test('gets one token for many requests at once, and keeps it', async () => {
        const registry = await start({ auth: { kind: 'token', ...USER } });
        const blob = registry.addBlob('private/app', PAYLOAD);
        const asUser = client({ credentials: { [registry.host]: USER } });
        const reads = Array.from({ length: 8 }, () =>
          read(asUser.getBlob(refTo(registry, 'private/app'), blob)),
        );
        await Promise.all(reads);
        expect(registry.requests.filter(({ kind }) => kind === 'token')).toHaveLength(1);
      });

      test('gets another token before the first one ends', async () => {
        const registry = await start({ auth: { kind: 'token', ...USER, lifetimeSeconds: 100 } });
        registry.addManifest('private/app', '1', manifestDocument());
        const { clock, advance } = instantClock();
        const asUser = client({ credentials: { [registry.host]: USER }, clock });
        const ref = refTo(registry, 'private/app', '1');
        for (const seconds of [0, 50, 45, 0]) {
          advance(seconds * 1000);
          await asUser.getManifest(ref);
        }
        expect(registry.requests.filter(({ kind }) => kind === 'token')).toHaveLength(2);
      });

      test.each([{ postStatus: 404 }, { postStatus: 405 }, { postStatus: 400 }, { postStatus: 401 }])(
        'falls back to GET when the token server answers $postStatus to POST',
        async ({ postStatus }) => {
          const registry = await start({ auth: { kind: 'token', ...USER, postStatus } });
          registry.addManifest('private/app', '1', manifestDocument());
          const asUser = client({ credentials: { [registry.host]: USER } });
          await asUser.getManifest(refTo(registry, 'private/app', '1'));
        },
      );

      test('notices new credentials', async () => {
        const registry = await start({ auth: { kind: 'basic', ...USER } });
        registry.addManifest('private/app', '1', manifestDocument());
        const credentials: Record<string, Credentials> = {};
        const { clock, advance } = instantClock();
        const one = client({ credentials, clock });
        const ref = refTo(registry, 'private/app', '1');
        await expect(one.getManifest(ref)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
        credentials[registry.host] = USER;
        advance(31_000);
        await one.getManifest(ref);
      });

      test('keeps credentials from a token server that is not encrypted when the registry is', () => {
        const target = { origin: new URL('https://reg.test/'), domain: 'reg.test' };
        const challenge = { scheme: 'bearer', parameters: new Map([['realm', 'http://auth.test/token']]) };
        expect(() => tokenRealm(target, challenge, USER)).toThrow(
          'reg.test: credentials would go unencrypted to its token server http://auth.test/token',
        );
        expect(tokenRealm(target, challenge, undefined).href).toBe('http://auth.test/token');
      });

      test('uses an identity token', async () => {
        const registry = await start({ auth: { kind: 'token', ...USER, identityToken: 'refresh' } });
        registry.addManifest('private/app', '1', manifestDocument());
        const credentials = { [registry.host]: { username: 'user', password: '', identityToken: 'refresh' } };
        await client({ credentials }).getManifest(refTo(registry, 'private/app', '1'));
      });

      test('pulls as anybody where that is allowed, and is refused elsewhere as Docker says', async () => {
        const registry = await start({
          auth: { kind: 'token', ...USER, anonymousPull: true, deniedRepositories: ['private/app'] },
        });
        registry.addManifest('public/app', '1', manifestDocument());
        await client().getManifest(refTo(registry, 'public/app', '1'));
        await expect(client().getManifest(refTo(registry, 'private/app', '1'))).rejects.toMatchObject({
          code: 'DENIED',
          message: `pull access denied for ${registry.host}/private/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
        });
        const blob = describedBytes(registry, PAYLOAD);
        await expect(
          client().putBlob(refTo(registry, 'public/app'), blob, source(PAYLOAD)),
        ).rejects.toMatchObject({
          code: 'DENIED',
          message:
            'errors:\ndenied: requested access to the resource is denied\nunauthorized: authentication required\n',
        });
      });

      test('asks for both repositories when it mounts', async () => {
        const registry = await start({ auth: { kind: 'token', ...USER } });
        const blob = registry.addBlob('team/base', PAYLOAD);
        const asUser = client({ credentials: { [registry.host]: USER } });
        const mountFrom = [refTo(registry, 'team/base')];
        const outcome = await asUser.putBlob(refTo(registry, 'team/new'), blob, source(PAYLOAD), {
          mountFrom,
        });
        expect(outcome.kind).toBe('mounted');
        const authorization = String(registry.requests.at(-1)?.headers.authorization);
        const { scopes } = JSON.parse(Buffer.from(authorization.slice(7), 'base64url').toString());
        expect(scopes).toEqual(['repository:team/base:pull', 'repository:team/new:pull,push']);
      });

      test('logs in, and tells why it could not', async () => {
        const basic = await start({ auth: { kind: 'basic', ...USER } });
        const token = await start({ auth: { kind: 'token', ...USER, identityToken: 'refresh' } });
        const none = await start();
        expect(await client().login(basic.host, 'user', 'secret')).toEqual({});
        expect(await client().login(token.host, 'user', 'secret')).toEqual({ identityToken: 'refresh' });
        expect(await client().login(none.host, 'a', 'b')).toEqual({});
        await expect(client().login(basic.host, 'user', 'nope')).rejects.toMatchObject({
          code: 'UNAUTHORIZED',
          message: `login attempt to http://${basic.host}/v2/ failed with status: 401 Unauthorized`,
        });
        await expect(client().login(token.host, 'user', 'nope')).rejects.toMatchObject({
          code: 'UNAUTHORIZED',
          message: `Get "http://${token.host}/v2/": unauthorized: incorrect username or password`,
        });
      });
    });

    describe('limits and warnings', () => {
      test('waits as long as a 429 asks', async () => {
        const registry = await start({
          faults: [{ on: 'GET manifest', status: 429, headers: { 'retry-after': '7' } }],
        });
        registry.addManifest('team/app', '1', manifestDocument());
        const { clock, slept } = instantClock();
        await client({ clock }).getManifest(refTo(registry, 'team/app', '1'));
        expect(slept).toHaveLength(1);
        expect(slept[0]).toBeGreaterThanOrEqual(7000);
        expect(slept[0]).toBeLessThan(8000);
      });

      test('names the quota that is used up, whose it is and when it ends', async () => {
        const headers = {
          'ratelimit-limit': '100;w=21600',
          'ratelimit-remaining': '0;w=21600',
          'docker-ratelimit-source': '192.0.2.1',
          'retry-after': '3600',
        };
        const body =
          '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}';
        const registry = await start({ faults: [{ on: 'GET manifest', status: 429, headers, body }] });
        await expect(client().getManifest(refTo(registry, 'team/app', '1'))).rejects.toMatchObject({
          code: 'RATE_LIMITED',
          message:
            'toomanyrequests: You have reached your pull rate limit. (quota of 100 pulls in 6 hours for 192.0.2.1; ends in 1 hour)',
        });
      });

      test('tells the quota that is left', async () => {
        const headers = { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '99;w=21600' };
        const registry = await start({ headers });
        registry.addManifest('team/app', '1', manifestDocument());
        const one = client();
        await one.getManifest(refTo(registry, 'team/app', '1'));
        expect(await one.rateLimit(registry.host)).toEqual({
          registry: registry.host,
          limit: 100,
          remaining: 99,
          windowSeconds: 21600,
        });
      });

      test('hands on each warning once', async () => {
        const registry = await start({
          headers: { warning: '299 - "this registry \\"moves\\"", 299 - "soon"' },
        });
        registry.addManifest('team/app', '1', manifestDocument());
        const warnings: string[] = [];
        const one = client({ onWarning: (message) => void warnings.push(message) });
        for (let count = 0; count < 3; count++) await one.getManifest(refTo(registry, 'team/app', '1'));
        expect(warnings).toEqual([`${registry.host}: this registry "moves"`, `${registry.host}: soon`]);
      });
    });

    describe('mirrors', () => {
      const rule = (
        registry: MemoryRegistry,
        mirror: MemoryRegistry,
        pull: 'all' | 'digest-only' = 'all',
      ) => ({
        prefix: registry.host,
        insecure: false,
        blocked: false,
        mirrors: [{ location: `${mirror.host}/cache`, insecure: false, pull, sendNamespace: true }],
        source: '/etc/wherry.toml',
      });

      test('asks the mirror first, with the path it wants, and never pushes there', async () => {
        const mirror = await start();
        const registry = await start();
        const target = mirror.addManifest('cache/team/app', '1', manifestDocument());
        const one = client({ rules: [rule(registry, mirror)] });
        const ref = refTo(registry, 'team/app', '1');
        expect((await one.getManifest(ref)).descriptor).toEqual(target);
        expect(mirror.requests.at(-1)?.query).toBe(`?ns=${encodeURIComponent(registry.host)}`);
        await one.putBlob(ref, describedBytes(registry, PAYLOAD), source(PAYLOAD));
        expect(mirror.requests.some(({ method }) => method !== 'GET')).toBe(false);
        expect(
          one.endpoints(ref).map(({ role, repository, reason }) => ({ role, repository, reason })),
        ).toEqual([
          {
            role: 'mirror',
            repository: 'cache/team/app',
            reason: `mirror 1 of "${registry.host}" in /etc/wherry.toml`,
          },
          { role: 'origin', repository: 'team/app', reason: `registry of ${registry.host}` },
        ]);
      });

      test.each([
        { name: 'has nothing', fault: undefined },
        { name: 'is over its limit', fault: { status: 429 } },
        { name: 'is broken', fault: { status: 500 } },
        {
          name: 'wants credentials',
          fault: { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } },
        },
        { name: 'sends other bytes', fault: { corrupt: true } },
      ])('goes to the registry when the mirror $name', async ({ fault }) => {
        const faults = fault === undefined ? [] : [{ on: '* manifest', times: 99, ...fault }];
        const mirror = await start({ faults });
        const registry = await start();
        if (fault?.corrupt === true) mirror.addManifest('cache/team/app', '1', manifestDocument());
        const target = registry.addManifest('team/app', '1', manifestDocument());
        const one = client({ rules: [rule(registry, mirror)] });
        expect((await one.getManifest(refTo(registry, 'team/app', '1'))).descriptor).toEqual(target);
        expect(await one.headManifest(refTo(registry, 'team/app', '1'))).toEqual(target);
      });

      test('goes on at the registry where the mirror broke off', async () => {
        const mirror = await start({
          faults: [
            { on: 'GET blob', resetAfterBytes: 100_000 },
            { on: 'GET blob', times: 99, status: 404 },
          ],
        });
        const registry = await start();
        const blob = registry.addBlob('team/app', PAYLOAD);
        mirror.addBlob('cache/team/app', PAYLOAD);
        const one = client({ rules: [rule(registry, mirror)] });
        expect(await read(one.getBlob(refTo(registry, 'team/app'), blob))).toEqual(PAYLOAD);
        expect(registry.bytesSentOf(blob.digest)).toBe(PAYLOAD.length - 100_000);
      });

      test('passes over a mirror that fails, for a while', async () => {
        const registry = await start();
        registry.addManifest('team/app', '1', manifestDocument());
        const mirror = await start({ faults: [{ on: 'GET manifest', times: 99, status: 503 }] });
        const { clock, advance } = instantClock();
        const one = client({ rules: [rule(registry, mirror)], clock });
        const asked: number[] = [];
        for (const seconds of [0, 30, 31]) {
          advance(seconds * 1000);
          await one.getManifest(refTo(registry, 'team/app', '1'));
          asked.push(mirror.requests.filter(({ kind }) => kind === 'manifest').length);
        }
        expect(asked).toEqual([2, 2, 4]);
      });

      test('tells what the mirrors said when nothing helped', async () => {
        const registry = await start();
        const mirror = await start();
        const one = client({ rules: [rule(registry, mirror)] });
        await expect(one.getManifest(refTo(registry, 'team/app', '1'))).rejects.toMatchObject({
          code: 'MANIFEST_UNKNOWN',
          details: {
            mirrors: [{ endpoint: mirror.host, error: expect.stringContaining('manifest unknown') }],
          },
        });
      });

      test('asks a digest-only mirror for digests alone', async () => {
        const mirror = await start();
        const registry = await start();
        registry.addManifest('team/app', '1', manifestDocument());
        const one = client({ rules: [rule(registry, mirror, 'digest-only')] });
        await one.getManifest(refTo(registry, 'team/app', '1'));
        expect(mirror.requests).toHaveLength(0);
      });

      test('refuses a blocked prefix', async () => {
        const registry = await start();
        const blocked = { ...rule(registry, registry), prefix: `${registry.host}/team`, blocked: true };
        const one = client({ rules: [blocked] });
        expect(() => one.endpoints(refTo(registry, 'team/app'))).toThrow(
          `registry ${registry.host}/team is blocked in /etc/wherry.toml`,
        );
        expect(one.endpoints(refTo(registry, 'teams/app'))).toHaveLength(1);
      });

      test.each(['256.0.0.1', 'registry.example.com:99999'])('refuses %s, which no host can be', (domain) => {
        expect(() => client().endpoints({ domain, path: 'app' })).toThrow(
          new WherryError('INVALID_REFERENCE', `invalid registry host "${domain}"`),
        );
      });

      test("uses Docker's mirrors for Docker Hub alone", async () => {
        const mirror = await start();
        const target = mirror.addManifest('library/ubuntu', '18.04', manifestDocument());
        const one = client({
          dockerMirrors: [{ url: `http://${mirror.host}`, source: '/etc/docker/daemon.json' }],
        });
        const ubuntu = { domain: 'docker.io', path: 'library/ubuntu', tag: '18.04' };
        expect((await one.getManifest(ubuntu)).descriptor).toEqual(target);
        expect(one.endpoints(ubuntu).map(({ url }) => url.href)).toEqual([
          `http://${mirror.host}/`,
          'https://registry-1.docker.io/',
        ]);
        expect(one.endpoints({ domain: 'quay.io', path: 'library/ubuntu' })).toHaveLength(1);
      });
    });

    test('says in the words of Docker that nothing listens', async () => {
      const gone = await startMemoryRegistry();
      await gone[Symbol.asyncDispose]();
      await expect(client().getManifest(refTo(gone, 'x', 'latest'))).rejects.toMatchObject({
        code: 'UNREACHABLE',
        message: `Get "http://${gone.host}/v2/": dial tcp ${gone.host}: connect: connection refused`,
      });
    });
  });
}

/** A clock that stands still until it is moved; sleeping takes no time. */
export function instantClock(): { clock: Clock; slept: number[]; advance: (ms: number) => void } {
  let now = Date.UTC(2024, 0, 1);
  const slept: number[] = [];
  return {
    slept,
    advance: (ms) => {
      now += ms;
    },
    clock: {
      now: () => new Date(now),
      sleep: async (ms) => {
        slept.push(ms);
      },
    },
  };
}

function refTo(registry: MemoryRegistry, path: string, tag?: string): Reference {
  return { domain: registry.host, path, ...(tag === undefined ? {} : { tag }) };
}

function manifestDocument(): object {
  return {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: DIGEST_OF_NOTHING_KNOWN,
      size: 2,
    },
    layers: [],
  };
}

/** The descriptor of bytes that the repository under test does not have. */
function describedBytes(registry: MemoryRegistry, bytes: Uint8Array): Descriptor {
  return registry.addBlob('elsewhere', bytes);
}

function source(bytes: Uint8Array): (range?: ByteRange) => ByteSource {
  return async function* (range) {
    const part = bytes.subarray(range?.start ?? 0, range?.end ?? bytes.length);
    for (let at = 0; at < part.length; at += 65_536) yield part.subarray(at, at + 65_536);
  };
}

async function read(blob: ByteSource): Promise<Buffer> {
  return Buffer.concat(await listed(blob));
}

async function listed<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
}
