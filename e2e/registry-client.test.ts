import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ByteSource } from '../packages/core/src/bytes/byte-source.ts';
import type { Credentials } from '../packages/core/src/config/credentials.ts';
import type { Digest } from '../packages/core/src/digest.ts';
import { createRegistryClient } from '../packages/core/src/registry/client.ts';
import type { RegistryClient } from '../packages/core/src/registry/registry-client.ts';
import { UndiciTransport } from '../packages/core/src/registry/undici-transport.ts';

const PROGRAM = '/usr/bin/docker-registry';
const USER: Credentials = { username: 'user', password: 'secret' };
const HTPASSWD = 'user:$2b$04$5/kei9GXgFtV3DCqwsUmX.I9HtwOiZ.cM7P30aIANNBM8cDktFMZS\n';
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

/** Docker's registry is the one we did not write; skipped where it is not installed. */
describe.skipIf(!existsSync(PROGRAM))('against docker-registry', () => {
  let directory: string;
  let open: Registry;
  let closed: Registry;
  const started: ChildProcess[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wherry-registry-'));
    open = await startRegistry(started, directory, 'open', '');
    const passwords = join(directory, 'htpasswd');
    await writeFile(passwords, HTPASSWD);
    closed = await startRegistry(
      started,
      directory,
      'closed',
      `auth: {htpasswd: {realm: r, path: ${passwords}}}`,
    );
  });
  afterAll(async () => {
    for (const child of started) child.kill('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  });

  test('an image goes there and comes back', async () => {
    await using client = clientFor();
    const repo = { domain: open.host, path: 'team/app', tag: '1.0' };
    const blobs = [randomBytes(5_000_000), randomBytes(1000)];
    const layers = await Promise.all(blobs.map((bytes) => push(client, repo, bytes)));
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config: layers[1], layers: [layers[0]] }),
    );
    const target = await client.putManifest(repo, manifest, MANIFEST_TYPE);
    const found = await client.getManifest(repo);
    expect(found.descriptor).toEqual(target);
    expect(manifest.equals(found.bytes)).toBe(true);
    expect(await client.headManifest(repo)).toEqual(target);
    for (const [index, layer] of layers.entries()) {
      expect(sha256(await read(client.getBlob(repo, layer)))).toBe(layer.digest);
      const part = await read(client.getBlob(repo, layer, { start: 100, end: 200 }));
      expect(part.equals(blobs[index]!.subarray(100, 200))).toBe(true);
    }
    const tags: string[] = [];
    for await (const tag of client.listTags(repo)) tags.push(tag);
    expect(tags).toEqual(['1.0']);
    const copy = { ...repo, path: 'team/copy' };
    const outcome = await client.putBlob(copy, layers[0]!, () => bytesOf(blobs[0]!), { mountFrom: [repo] });
    expect(outcome).toEqual({ kind: 'mounted', from: repo });
  });

  test('refusals are told in the words of Docker', async () => {
    await using client = clientFor();
    await expect(client.getManifest({ domain: open.host, path: 'nosuch', tag: 'latest' })).rejects.toThrow(
      `manifest for ${open.host}/nosuch:latest not found: manifest unknown: manifest unknown`,
    );
    const nosuch = { domain: open.host, path: 'team/nosuch' };
    await expect(client.listTags(nosuch)[Symbol.asyncIterator]().next()).rejects.toThrow(
      `repository ${open.host}/team/nosuch not found: name unknown: repository name not known to registry`,
    );
    const hidden = { domain: closed.host, path: 'private/app', tag: '1.0' };
    await expect(client.getManifest(hidden)).rejects.toThrow(
      `Head "http://${closed.host}/v2/private/app/manifests/1.0": no basic auth credentials`,
    );
    await expect(client.login(closed.host, 'user', 'nope')).rejects.toThrow(
      `login attempt to http://${closed.host}/v2/ failed with status: 401 Unauthorized`,
    );
    await using wrong = clientFor({ username: 'user', password: 'nope' });
    await expect(push(wrong, hidden, Buffer.from('x'))).rejects.toThrow(
      /^unauthorized: authentication required$/,
    );
  });

  test('a name and a password open it', async () => {
    await using client = clientFor(USER);
    const repo = { domain: closed.host, path: 'private/app' };
    expect(await client.login(closed.host, 'user', 'secret')).toEqual({});
    const blob = await push(client, repo, Buffer.from('private'));
    expect((await read(client.getBlob(repo, blob))).toString()).toBe('private');
  });
});

interface Registry {
  readonly host: string;
}

async function startRegistry(
  started: ChildProcess[],
  directory: string,
  name: string,
  auth: string,
): Promise<Registry> {
  const host = `127.0.0.1:${await freePort()}`;
  const config = join(directory, `${name}.yml`);
  const storage = `storage: {filesystem: {rootdirectory: ${join(directory, name)}}}`;
  await writeFile(
    config,
    `version: 0.1\nlog: {level: error}\n${storage}\nhttp: {addr: '${host}'}\n${auth}\n`,
  );
  const child = spawn(PROGRAM, ['serve', config], { stdio: 'ignore' });
  started.push(child);
  for (let attempt = 0; attempt < 200; attempt++) {
    const up = await fetch(`http://${host}/v2/`).then(
      () => true,
      () => false,
    );
    if (up) return { host };
    await sleep(25);
  }
  throw new Error('docker-registry did not start');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

function clientFor(credentials?: Credentials): RegistryClient & AsyncDisposable {
  const client = createRegistryClient({
    transport: new UndiciTransport(),
    config: {
      rules: [],
      dockerMirrors: [],
      isInsecure: () => false,
      credentials: { get: async () => credentials },
    },
  });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

async function push(client: RegistryClient, repo: { domain: string; path: string }, bytes: Buffer) {
  const descriptor = { mediaType: 'application/octet-stream', digest: sha256(bytes), size: bytes.length };
  await client.putBlob(repo, descriptor, (range) => bytesOf(bytes.subarray(range?.start ?? 0, range?.end)));
  return descriptor;
}

async function* bytesOf(bytes: Buffer): ByteSource {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

async function read(source: ByteSource): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function sha256(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}
