import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { describeWith } from './needs.ts';
import { randomNumbers } from './noise.ts';
import { ServiceProcess } from './service-process.ts';
import { Sandbox } from './wherry.ts';

const SEED = 20_261;
const ROUNDS = 50;
/** A slow machine stops here, with fewer rounds, once enough has happened in them. */
const BUDGET_MS = 60_000;
const FEWEST_ROUNDS = 5;
const PUSHERS = 25;
const PULLERS = 25;
const REPOSITORIES = 3;
const TAGS = 8;
/** So few that much is pushed again while it is collected. */
const CONTENTS = 40;
/** A service lives until so many pushes and pulls have ended, at most, whatever the machine; and a moment longer. */
const MAX_LIFE = 60;
const MOMENT_MS = 30;
/** It collects garbage without a pause; its trash is emptied during the test, but is kept for longer than a round. */
const SETTINGS = {
  WHERRY_SERVE_GC_INTERVAL: '1ms',
  WHERRY_SERVE_GC_KEEP_UNTAGGED: 'false',
  WHERRY_SERVE_GC_TRASH_GRACE: '5s',
  WHERRY_SERVE_LOG_LEVEL: 'warn',
};
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
/** As long as a touch keeps content. */
const HOUR_MS = 3_600_000;

interface Image {
  readonly blobs: readonly Buffer[];
  readonly manifest: Buffer;
  readonly digest: string;
}

const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

function imageOf(content: number): Image {
  const config = Buffer.from(JSON.stringify({ content }));
  // Layers are shared among contents, so that some stay when others go.
  const layers = [Buffer.alloc(5_000 + content, content), Buffer.alloc(100, content % 7)];
  const describe = (mediaType: string, bytes: Buffer) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      config: describe('application/vnd.oci.image.config.v1+json', config),
      layers: layers.map((bytes) => describe('application/vnd.oci.image.layer.v1.tar', bytes)),
    }),
  );
  return { blobs: [config, ...layers], manifest, digest: digestOf(manifest) };
}

const IMAGES = Array.from({ length: CONTENTS }, (_, content) => imageOf(content));

/** Nothing runs now: what was touched may be taken by the next collection. Tells what is in the trash. */
function letTimePass(root: string): number {
  const database = new DatabaseSync(join(root, 'metadata.db'), { timeout: 30_000 });
  database.exec(`UPDATE touched SET touched_at = touched_at - ${HOUR_MS}`);
  const row = database.prepare('SELECT count(*) AS count FROM trash').get();
  database.close();
  return Number(row?.count);
}

/** One client of a service that may be killed at any moment. */
class Client {
  readonly #url: string;
  readonly #complaints: string[];

  constructor(url: string, complaints: string[]) {
    this.#url = url;
    this.#complaints = complaints;
  }

  /** `undefined`: the service was killed before it had answered. */
  async #ask(path: string, init: RequestInit, ...want: number[]): Promise<Response | undefined> {
    let response: Response;
    try {
      response = await fetch(`${this.#url}${path}`, init);
    } catch {
      return undefined;
    }
    if (want.includes(response.status)) return response;
    const text = await response.text().catch(() => undefined);
    if (text !== undefined) this.#complaints.push(`${init.method} ${path}: ${response.status} ${text}`);
    return undefined;
  }

  /** Tells whether the push was acknowledged. */
  async push(repository: string, tag: string, { blobs, manifest }: Image): Promise<boolean> {
    for (const blob of blobs) {
      const found = await this.#ask(
        `/v2/${repository}/blobs/${digestOf(blob)}`,
        { method: 'HEAD' },
        200,
        404,
      );
      if (found?.status === 200) continue;
      const path = `/v2/${repository}/blobs/uploads/?digest=${digestOf(blob)}`;
      const sent = await this.#ask(path, { method: 'POST', body: new Uint8Array(blob) }, 201);
      if (sent === undefined) return false;
    }
    const put = { method: 'PUT', headers: { 'content-type': MANIFEST_TYPE }, body: new Uint8Array(manifest) };
    return (await this.#ask(`/v2/${repository}/manifests/${tag}`, put, 201)) !== undefined;
  }

  /** Reads an image whole, as clients do; `undefined`: there is none, or the service was killed. */
  async pull(repository: string, reference: string): Promise<string | undefined> {
    const accept = { headers: { accept: MANIFEST_TYPE } };
    const answer = await this.#ask(
      `/v2/${repository}/manifests/${reference}`,
      { method: 'GET', ...accept },
      200,
      404,
    );
    const text = answer?.status === 200 ? await answer.text().catch(() => undefined) : undefined;
    if (text === undefined) return undefined;
    const { config, layers } = JSON.parse(text);
    for (const { digest } of [config, ...layers]) {
      const blob = await this.#ask(`/v2/${repository}/blobs/${digest}`, { method: 'GET' }, 200);
      const bytes = await blob?.arrayBuffer().catch(() => undefined);
      if (bytes === undefined) return undefined;
      if (digestOf(new Uint8Array(bytes)) !== digest) this.#complaints.push(`blob ${digest} is bad`);
    }
    return digestOf(Buffer.from(text));
  }
}

describeWith({}, 'a service that is killed at any moment', () => {
  const sandbox = new Sandbox();
  let service: ServiceProcess | undefined;
  const serve = () => ServiceProcess.start(sandbox, ['--addr', '127.0.0.1:0'], { settings: SETTINGS });
  afterAll(async () => {
    await service?.program.kill();
    sandbox[Symbol.dispose]();
  });

  test(`has all that it acknowledged, and a consistent store, after each of ${ROUNDS} kills, or as many as the time allows`, async () => {
    const random = randomNumbers(SEED);
    const below = (count: number) => Math.floor(random() * count);
    const complaints: string[] = [];
    /** What a tag may lead to: what was acknowledged last, and what was tried since. */
    const expected = new Map<string, Set<string>>();
    const kept = new Set<string>();
    let acknowledged = 0;
    let pulled = 0;
    let trashed = 0;

    const startedAt = performance.now();
    let rounds = 0;
    const hasTime = () => performance.now() - startedAt < BUDGET_MS;
    const isEnough = () => rounds >= FEWEST_ROUNDS && acknowledged > rounds && pulled > rounds && trashed > 0;
    for (; rounds < ROUNDS && (hasTime() || !isEnough()); rounds++) {
      service = await serve();
      const client = new Client(`http://${service.address()}`, complaints);
      const push = async (at: number) => {
        // Each pusher has tags of its own: nobody else moves them.
        const name = `team/app-${at % REPOSITORIES}:${at}-${below(TAGS)}`;
        const image = IMAGES[below(CONTENTS)]!;
        const tried = expected.get(name) ?? new Set();
        expected.set(name, tried.add(image.digest));
        const [repository, tag] = name.split(':') as [string, string];
        if (!(await client.push(repository, tag, image))) return false;
        acknowledged++;
        kept.add(name);
        expected.set(name, new Set([image.digest]));
        return true;
      };
      const pull = async () => {
        const names = [...kept];
        const [repository, tag] = names[below(names.length)]?.split(':') ?? [];
        if (repository === undefined || tag === undefined) return sleep(MOMENT_MS, false);
        if ((await client.pull(repository, tag)) === undefined) return false;
        pulled++;
        return true;
      };
      let left = below(MAX_LIFE);
      const end = Promise.withResolvers<void>();
      const repeat = async (work: () => Promise<boolean>) => {
        while (left > 0) if (await work()) left--;
        end.resolve();
      };
      const clients = [
        ...Array.from({ length: PUSHERS }, (_, at) => repeat(() => push(at))),
        ...Array.from({ length: PULLERS }, () => repeat(pull)),
      ];
      await end.promise;
      await sleep(random() * MOMENT_MS);
      await service.program.kill();
      await Promise.all(clients);
      trashed += letTimePass(sandbox.root);
    }
    expect(complaints).toEqual([]);
    expect(acknowledged).toBeGreaterThan(rounds);
    expect(pulled).toBeGreaterThan(rounds);
    expect(trashed).toBeGreaterThan(0);

    const checked = await sandbox.try('system', 'check');
    expect(checked).toMatchObject({ status: 0, stdout: expect.stringContaining('no faults'), stderr: '' });
    service = await serve();
    const client = new Client(`http://${service.address()}`, complaints);
    for (const [name, digests] of expected) {
      const [repository, tag] = name.split(':') as [string, string];
      const found = await client.pull(repository, tag);
      if (found !== undefined) expect(digests).toContain(found);
      // Of a tag that was never acknowledged, nothing need be there.
      else expect(kept).not.toContain(name);
    }
    expect(complaints).toEqual([]);
  }, 600_000);
});
