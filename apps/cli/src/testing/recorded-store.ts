import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type Engine, openEngine, parseReference } from '@wherry/core';
import { type MemoryRegistry, makeImageFixture, startMemoryRegistry } from '@wherry/core/testing';

/** Recordings of a real client, from a directory beside the checkout. */
export const GOLDEN = new URL('../../../../../shared/golden/', import.meta.url);
const REGISTRY = new URL('fixtures/registry/', GOLDEN);
const RECORDED_REGISTRY = '127.0.0.1:5055';
const SHORT_ID = 12;

interface RecordedTag {
  readonly digest: string;
  readonly mediaType: string;
}

/** One image of a recording's state: `<id> <tags> digests: <repository>@<digest>`. */
interface StateImage {
  readonly tags: readonly string[];
  readonly digests: readonly string[];
}

/**
 * Makes stores in the state in which a recording began, each state once: pulled images come from a registry in
 * memory that has what the recorded one had; those that a build made are replaced by imported ones, one for
 * each name and one for all that have none.
 */
export class RecordedStores implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'wherry-recorded-'));
  readonly #registry: MemoryRegistry;
  readonly #seeds = new Map<string, string>();
  readonly #engines: Engine[] = [];
  #count = 0;

  private constructor(registry: MemoryRegistry) {
    this.#registry = registry;
    const moved = ['docker.io', RECORDED_REGISTRY].map(
      (prefix) => `[[registry]]\nprefix = "${prefix}"\nlocation = "http://${registry.host}"\n`,
    );
    mkdirSync(join(this.#directory, 'home'));
    writeFileSync(join(this.#directory, 'config.toml'), moved.join('\n'));
  }

  static async start(): Promise<RecordedStores> {
    const registry = await startMemoryRegistry();
    for (const [name, { digest, mediaType }] of Object.entries(recordedTags())) {
      const [repository = '', tag = ''] = name.split(':');
      for (const blob of readdirSync(new URL('blobs/', REGISTRY)))
        registry.addBlob(repository, readBlob(`sha256:${blob}`));
      registry.addManifest(repository, tag, readBlob(digest), mediaType);
    }
    return new RecordedStores(registry);
  }

  /** An engine on a store of its own that holds these images. */
  async open(images: readonly string[]): Promise<Engine> {
    const key = JSON.stringify([...images].sort());
    let seed = this.#seeds.get(key);
    if (seed === undefined) {
      seed = this.#newRoot();
      const engine = this.#openAt(seed);
      await this.#fill(engine, images);
      await engine.close();
      this.#seeds.set(key, seed);
    }
    const root = this.#newRoot();
    cpSync(seed, root, { recursive: true });
    return this.#openAt(root);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const engine of this.#engines) await engine.close();
    await this.#registry[Symbol.asyncDispose]();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #newRoot(): string {
    const root = join(this.#directory, `store-${this.#count++}`);
    mkdirSync(root);
    return root;
  }

  #openAt(root: string): Engine {
    const home = join(this.#directory, 'home');
    const configFile = join(this.#directory, 'config.toml');
    const engine = openEngine({ root, configFile, dockerConfigDir: home, env: { HOME: home, PATH: '' } });
    this.#engines.push(engine);
    return engine;
  }

  async #fill(engine: Engine, lines: readonly string[]): Promise<void> {
    const recorded = lines.filter(isRecorded).map(parseLine);
    for (const image of recorded) await pullImage(engine, image);
    const made = lines.filter((line) => !isRecorded(line)).flatMap((line) => parseLine(line).tags);
    if (lines.some((line) => !isRecorded(line) && parseLine(line).tags.length === 0))
      await importImage(engine, ['LABEL tier=db keep=yes']);
    for (const name of made) await importImage(engine, ['LABEL tier=db'], name);
  }
}

/** The digests that every replay has in common: of the recorded images, and of the stacks of their layers. */
export function lastingDigests(): Set<string> {
  const digests = new Set(readdirSync(new URL('blobs/', REGISTRY)));
  for (const id of recordedIds()) {
    let chain = '';
    for (const diffID of JSON.parse(readBlob(id).toString('utf8')).rootfs.diff_ids as string[]) {
      chain = chain === '' ? diffID : sha256(`${chain} ${diffID}`);
      digests.add(chain.slice('sha256:'.length));
    }
  }
  return digests;
}

async function pullImage(engine: Engine, { tags, digests }: StateImage): Promise<void> {
  const platform = { os: 'linux', architecture: 'amd64' };
  const [digestName = ''] = digests;
  const [repository = '', short = ''] = digestName.split('@');
  const target = Object.values(recordedTags()).find(({ digest }) => digest.startsWith(short));
  if (digestName === '' || target === undefined) throw new Error(`${tags.join()}: never pulled`);
  const digestRef = `${repository}@${target.digest}`;
  const own = tags.filter((tag) => tag.startsWith(`${repository}:`));
  for (const name of own.length > 0 ? own : [digestRef])
    await engine.pull({ ref: parseReference(name), platform });
  for (const name of tags.filter((tag) => !own.includes(tag)))
    await engine.tag({ source: digestRef, target: parseReference(name) });
}

async function importImage(engine: Engine, changes: readonly string[], name?: string): Promise<void> {
  const { layers } = makeImageFixture({ layers: [{ name: name ?? 'nameless' }] });
  const from = Readable.from(layers.map(({ tar }) => tar));
  await engine.import({ from, changes, ...(name !== undefined && { ref: parseReference(name) }) });
}

function parseLine(line: string): StateImage {
  const [names = '', digests = ''] = line.slice(SHORT_ID + 1).split(/ ?digests: /);
  const split = (text: string) => text.split(', ').filter((name) => name !== '' && name !== '<none>');
  return { tags: split(names.trim()), digests: split(digests) };
}

function isRecorded(line: string): boolean {
  return recordedIds().some((id) => id.startsWith(`sha256:${line.slice(0, SHORT_ID)}`));
}

function recordedIds(): string[] {
  const { image_ids: ids } = JSON.parse(readFileSync(new URL('fixtures/ids.json', GOLDEN), 'utf8'));
  return Object.values(ids);
}

function recordedTags(): Record<string, RecordedTag> {
  return JSON.parse(readFileSync(new URL('index.json', REGISTRY), 'utf8'));
}

function readBlob(digest: string): Buffer {
  return readFileSync(new URL(`blobs/${digest.slice('sha256:'.length)}`, REGISTRY));
}

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
