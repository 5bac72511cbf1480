import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Engine, openEngine } from '@wherry/core';
import {
  classicArchive,
  type FileServer,
  makeFile,
  RecordedRegistries,
  recordedImage,
  startFileServer,
  startSearchServer,
} from '@wherry/core/testing/golden';
import type { FastifyInstance } from 'fastify';
import { MemoryBackend } from '../../../../test/memory-backend.ts';
import { buildApp } from '../../../app.ts';
import { SILENT } from '../../../operating/logger.ts';
import { RunningRequests } from '../../../running-requests.ts';
import { type Comparable, comparable } from './compare.ts';
import { whyDifferent } from './decisions.ts';
import type { ApiCase, ApiRecording, Exchange, Frame, RecordedBody } from './exchanges.ts';
import { IN_ORDER } from './left-out.ts';
import { type Preparation, preparationsOf, sceneOf, setScene } from './scene.ts';

const FILE_SERVER = '127.0.0.1:5059';
const SEARCH_SERVER = '127.0.0.1:5058';
const HELLO_WORLD = '977b8b4966d5';

/** How long a program may take to come to what a case starts from, and how often it is looked at. */
const PREPARATION_MS = 20_000;
const POLL_MS = 50;

/** POSIX.1-1988, ustar: what every header has, and where. */
const TAR_MAGIC = 'ustar';
const TAR_MAGIC_AT = 257;

export interface CaseResult {
  readonly id: string;
  readonly verdict: 'equal' | 'different-by-decision' | 'unexplained';
  readonly expected: readonly Comparable[];
  readonly actual: readonly Comparable[];
}

/** The application over one store, with the servers that it talks to. */
interface Session extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly registries: RecordedRegistries;
  /** Gives a text the addresses of the recording. */
  readonly named: (text: string) => string;
}

/** Asks the application what the recorded clients had asked Docker, each case on a store of its own. */
export class ApiReplay implements AsyncDisposable {
  readonly #recording: ApiRecording;
  readonly #files: FileServer;
  readonly #place: string;
  /** Stores that several cases start from, by their scenes. */
  readonly #templates = new Map<string, string>();
  /** Stores that cases of one file use one after the other. */
  readonly #sessions = new Map<string, Session>();

  private constructor(recording: ApiRecording, files: FileServer, place: string) {
    this.#recording = recording;
    this.#files = files;
    this.#place = place;
  }

  static async start(recording: ApiRecording): Promise<ApiReplay> {
    const place = await mkdtemp(join(tmpdir(), 'wherry-api-replay-'));
    return new ApiReplay(recording, await startFileServer(recording.images), place);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions.values()) await session[Symbol.asyncDispose]();
    await this.#files[Symbol.asyncDispose]();
    await rm(this.#place, { recursive: true, force: true, maxRetries: 10 });
  }

  async run(recorded: ApiCase): Promise<CaseResult> {
    const isInOrder = IN_ORDER.includes(recorded.file);
    const session = (isInOrder && this.#sessions.get(recorded.file)) || (await this.#open(recorded));
    if (isInOrder) this.#sessions.set(recorded.file, session);
    try {
      const { app } = session;
      for (const preparation of preparationsOf(recorded)) await prepare(app, preparation);
      const actual: Comparable[] = [];
      for (const exchange of recorded.exchanges) actual.push(await this.#ask(session, recorded, exchange));
      const expected = recorded.exchanges.map((exchange) => this.#expected(exchange));
      return judge({ id: recorded.id, expected, actual });
    } finally {
      if (!isInOrder) await session[Symbol.asyncDispose]();
    }
  }

  async #open(recorded: ApiCase): Promise<Session> {
    const { images, searchable } = this.#recording;
    const home = await mkdtemp(join(this.#place, 'case-'));
    const registries = await RecordedRegistries.start(images);
    const index = await startSearchServer(searchable);
    registries.fill();
    listTags(recorded, registries);
    const usesIndex = recorded.file === 'search' ? index : undefined;
    registries.writeConfig(join(home, '.config', 'wherry', 'config.toml'), usesIndex);
    await cp(await this.#template(recorded), join(home, 'store'), { recursive: true });
    const engine = openEngine({ root: join(home, 'store'), env: { ...process.env, HOME: home } });
    const surroundings = { log: SILENT, running: new RunningRequests() };
    const app = buildApp({ registry: new MemoryBackend(), engine }, surroundings);
    const named = (text: string) =>
      registries.named(text).replaceAll(index.host, SEARCH_SERVER).replaceAll(this.#files.host, FILE_SERVER);
    return {
      ...{ app, registries, named },
      [Symbol.asyncDispose]: async () => {
        if (IN_ORDER.includes(recorded.file)) await removeContainers(engine);
        await app.close();
        await engine.close();
        await index[Symbol.asyncDispose]();
        await registries[Symbol.asyncDispose]();
        await rm(home, { recursive: true, force: true, maxRetries: 10 });
      },
    };
  }

  async #ask(
    { app, named, registries }: Session,
    recorded: ApiCase,
    exchange: Exchange,
  ): Promise<Comparable> {
    const { images } = this.#recording;
    // Behind an escaped colon, a digest would not be seen as one.
    const query = (exchange.query ?? '')
      .replaceAll(encodeURIComponent(FILE_SERVER), this.#files.host)
      .replaceAll('sha256%3A', 'sha256:');
    const payload = this.#payload(recorded, exchange);
    const answer = await app.inject({
      method: exchange.method as 'GET',
      url: images.placed(`${exchange.path}${query === '' ? '' : `?${query}`}`),
      headers: Object.fromEntries(
        Object.entries(exchange.request_headers).map(([name, value]) => [
          name.toLowerCase(),
          typeof value === 'string' ? value : placedAuth(value.raw, registries),
        ]),
      ),
      // Other bytes would go as JSON.
      ...(payload !== undefined && { payload: Buffer.from(payload) }),
    });
    const { headers, statusCode: status } = answer;
    const body = exchange.response_body?.multiplexed_frames
      ? { multiplexed_frames: readFrames(answer.rawPayload) }
      : readBody(images.recorded(named(answer.body)), String(headers['content-type']));
    const plain = headers as Readonly<Record<string, string | undefined>>;
    return comparable(exchange, { status, headers: plain, body }, images);
  }

  #expected(exchange: Exchange): Comparable {
    const headers = Object.fromEntries(
      Object.entries(exchange.response_headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const { status, response_body: body } = exchange;
    return comparable(exchange, { status, headers, body }, this.#recording.images);
  }

  /** Archives are made anew: recordings tell of them only what is in them. */
  #payload({ file, id }: ApiCase, { request_body: body }: Exchange): string | Uint8Array | undefined {
    const { images } = this.#recording;
    if (file === 'load' || file === 'import') {
      if (/\/(?:bad-archive|bad-file|raw-bad|raw-bad-tar)$/.test(id)) return makeFile('bad.tar', images);
      if (body === undefined) return undefined;
      if (file === 'import') return makeFile('rootfs.tar', images);
      if (id.startsWith('load/raw'))
        return classicArchive(recordedImage(images, HELLO_WORLD, ['hello-world:latest']));
      return makeFile('u.tar', images);
    }
    const text = body?.json === undefined ? body?.text : JSON.stringify(body.json);
    return text && images.placed(text);
  }

  async #template(recorded: ApiCase): Promise<string> {
    const scene = sceneOf(recorded);
    const key = JSON.stringify([recorded.file === 'push', scene]);
    const known = this.#templates.get(key);
    if (known !== undefined) return known;
    const home = await mkdtemp(join(this.#place, 'scene-'));
    const root = join(home, 'store');
    this.#templates.set(key, root);
    await using registries = await RecordedRegistries.start(this.#recording.images);
    registries.fill();
    registries.writeConfig(join(home, '.config', 'wherry', 'config.toml'));
    await using engine = openEngine({ root, env: { HOME: home } });
    await engine.info();
    await setScene(engine, recorded, this.#recording.images);
    return root;
  }
}

/** Credentials for a registry with a login, wherever that is in this run. */
function placedAuth(header: string, { hub, withLogin }: RecordedRegistries): string {
  const text = Buffer.from(header, 'base64url').toString('utf8');
  if (!text.startsWith('{') || text === '{}') return header;
  const auth = JSON.parse(text) as Readonly<Record<string, string>>;
  const isHub = auth.serveraddress?.includes('docker.io') === true;
  const placed = { ...auth, serveraddress: isHub ? hub.host : withLogin.host };
  return Buffer.from(JSON.stringify(placed)).toString('base64url');
}

/** Has the registry list its tags in the order of the recorded one, which was no rule's. */
function listTags({ id, exchanges }: ApiCase, registries: RecordedRegistries): void {
  if (id !== 'pull/raw-no-tag-pulls-all') return;
  const { json_lines: lines = [], json_lines_tail: tail = [] } = exchanges[0]?.response_body ?? {};
  const tags = ([...lines, ...tail] as Record<string, unknown>[])
    .filter(({ status }) => String(status).startsWith('Pulling from'))
    .map((line) => String(line.id));
  registries.listTags(registries.anonymous, 'team/app', tags);
}

async function prepare(app: FastifyInstance, { url, body, until }: Preparation): Promise<void> {
  if (until === undefined) {
    await app.inject({ method: 'POST', url, ...(body && { payload: body }) });
    return;
  }
  const deadline = Date.now() + PREPARATION_MS;
  while (!until.test((await app.inject(url)).body)) {
    if (Date.now() > deadline) throw new Error(`${url}: ${until} does not come`);
    await sleep(POLL_MS);
  }
}

async function removeContainers({ containers }: Engine): Promise<void> {
  for (const { container } of await containers.list({ all: true }))
    await containers.remove({ container: container.id, force: true });
}

/** Splits the outputs of a program: a header of eight bytes before each piece tells which it is, and how long. */
function readFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const end = at + 8 + bytes.readUInt32BE(at + 4);
    const stream = bytes[at] === 1 ? 'stdout' : 'stderr';
    frames.push({ stream, payload: bytes.toString('utf8', at + 8, end) });
    at = end;
  }
  return frames;
}

function readBody(text: string, type: string): RecordedBody | undefined {
  if (text === '') return undefined;
  if (text.startsWith(TAR_MAGIC, TAR_MAGIC_AT)) return { tar_entries: [type] };
  if (!type.startsWith('application/json')) return { text };
  if (!text.includes('\r\n')) return { json: JSON.parse(text) };
  const lines = text.split('\r\n').filter((line) => line !== '');
  return lines.length === 1
    ? { json: JSON.parse(lines[0] ?? '') }
    : { json_lines: lines.map((line) => JSON.parse(line)) };
}

/** Holds what was answered against what Docker had answered, and against the list of decisions. */
function judge(result: Omit<CaseResult, 'verdict'>): CaseResult {
  const isEqual = isDeepStrictEqual(plain(result.actual), plain(result.expected));
  const isDecided = whyDifferent(result.id) !== undefined;
  // What is equal, yet stands on the list, is not explained either.
  if (isEqual !== isDecided) return { ...result, verdict: isEqual ? 'equal' : 'different-by-decision' };
  return { ...result, verdict: 'unexplained' };
}

/** Without the difference between a member that is `undefined` and none. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
