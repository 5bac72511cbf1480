// What the registry service answers beside Docker's registry, 16 connections at a time on each.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Bench, fresh, type Job } from './jobs.ts';
import type { Contestant } from './measure.ts';
import { type Peer, startDockerRegistry, startWherryServe } from './peers.ts';
import { type Load, uploadBody } from './registry-load.ts';

const CONNECTIONS = 16;
const REPOSITORY = 'team/app';
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const PROGRAM = fileURLToPath(new URL('registry-load.ts', import.meta.url));

/** What a registry is asked for, by name: the path once something is pushed there. */
const READS = {
  '/v2/': () => ({ method: 'GET', path: '/v2/' }),
  'manifest by tag': () => ({ method: 'GET', path: `/v2/${REPOSITORY}/manifests/latest` }),
  'manifest by digest': ({ manifest }) => ({
    method: 'GET',
    path: `/v2/${REPOSITORY}/manifests/${manifest}`,
  }),
  'HEAD of a manifest': () => ({ method: 'HEAD', path: `/v2/${REPOSITORY}/manifests/latest` }),
  'list of tags': () => ({ method: 'GET', path: `/v2/${REPOSITORY}/tags/list` }),
  'blob of 64 KiB': ({ blob }) => ({ method: 'GET', path: `/v2/${REPOSITORY}/blobs/${blob}` }),
  'blob of 100 MB': ({ blob }) => ({ method: 'GET', path: `/v2/${REPOSITORY}/blobs/${blob}` }),
} as const satisfies Record<string, (pushed: Pushed) => { method: 'GET' | 'HEAD'; path: string }>;

interface Pushed {
  readonly manifest: string;
  readonly blob: string;
}

/** The same requests to both registries, each over one small image whose layer has `blobBytes`. */
export function registryReadJob(
  name: keyof typeof READS,
  requests: number,
  goal: number,
  { blobBytes = 64 << 10, rounds = 3 }: { readonly blobBytes?: number; readonly rounds?: number } = {},
): Job {
  return {
    name: `registry: ${name}`,
    goals: { 'docker-registry': goal },
    rounds,
    async contestants(bench) {
      const peers = [
        { name: 'wherry', peer: await startWherryServe(fresh(bench, 'registry'), bench.wherry) },
        { name: 'docker-registry', peer: await startDockerRegistry(fresh(bench, 'registry')) },
      ];
      const list: Contestant[] = [];
      for (const { name: contestant, peer } of peers) {
        const { method, path } = READS[name](await pushSmallImage(peer.address, blobBytes));
        const command = loadCommand({
          address: peer.address,
          connections: CONNECTIONS,
          requests,
          job: { kind: 'read', method, path },
        });
        list.push({ name: contestant, command: () => command });
      }
      return { list, close: async () => void (await Promise.all(peers.map(({ peer }) => peer.stop()))) };
    },
  };
}

/** Blobs of 1 MB, each in a POST and a PUT, into an empty registry. */
export function registryUploadJob(uploads: number, goal: number, rounds = 3): Job {
  return {
    name: 'registry: uploads of 1 MB',
    goals: { 'docker-registry': goal },
    rounds,
    async contestants(bench) {
      const digests = digestsFile(bench, uploads);
      let target: Peer | undefined;
      const into = (name: string, start: (directory: string) => Promise<Peer>): Contestant => ({
        name,
        prepare: async () => {
          await target?.stop();
          target = await start(fresh(bench, 'registry'));
        },
        command: () =>
          loadCommand({
            address: target?.address ?? '',
            connections: CONNECTIONS,
            requests: uploads,
            job: { kind: 'upload', repository: REPOSITORY, digests, bytes: UPLOAD_BYTES },
          }),
      });
      const list = [
        into('wherry', (directory) => startWherryServe(directory, bench.wherry)),
        into('docker-registry', startDockerRegistry),
      ];
      return { list, close: async () => target?.stop() };
    },
  };
}

const UPLOAD_BYTES = 1_000_000;

function digestsFile(bench: Bench, count: number): string {
  const directory = fresh(bench, 'digests');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'digests');
  const digests = Array.from({ length: count }, (_, index) => digestOf(uploadBody(index, UPLOAD_BYTES)));
  writeFileSync(path, digests.join('\n'));
  return path;
}

function loadCommand(load: Load): string[] {
  return [process.execPath, PROGRAM, JSON.stringify(load)];
}

async function pushSmallImage(address: string, blobBytes: number): Promise<Pushed> {
  const base = `http://${address}/v2/${REPOSITORY}`;
  const config = await pushBlob(base, Buffer.from('{"architecture":"amd64","os":"linux"}'));
  const layer = await pushBlob(base, uploadBody(0, blobBytes));
  const document = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
  });
  for (const tag of ['latest', '1', '1.0', '1.0.0', 'stable'])
    await expectOk(
      fetch(`${base}/manifests/${tag}`, {
        method: 'PUT',
        headers: { 'content-type': MANIFEST_TYPE },
        body: document,
      }),
    );
  return { manifest: digestOf(Buffer.from(document)), blob: layer.digest };
}

async function pushBlob(base: string, bytes: Buffer) {
  const digest = digestOf(bytes);
  const begun = await expectOk(fetch(`${base}/blobs/uploads/`, { method: 'POST' }));
  const location = new URL(begun.headers.get('location') ?? '', base);
  location.searchParams.set('digest', digest);
  await expectOk(fetch(location, { method: 'PUT', body: new Uint8Array(bytes) }));
  return { digest, size: bytes.length };
}

async function expectOk(answer: Promise<Response>): Promise<Response> {
  const response = await answer;
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
  return response;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
