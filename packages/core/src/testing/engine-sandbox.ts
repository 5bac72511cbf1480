import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Engine, EngineOptions } from '../engine/engine.ts';
import { openEngine } from '../engine/open.ts';
import { openStore } from '../engine/store/open-store.ts';
import type { Store } from '../engine/store/store.ts';
import type { ProgressEvent } from '../events.ts';
import type { StoredDocument } from '../image/build-image.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseReference, type Reference } from '../reference.ts';
import type { ImageFixture } from './image-fixtures.ts';
import type { MemoryRegistry, RequestRecord } from './memory-registry.ts';

/** A store in a temporary directory, with a home of its own and nothing of this machine's configuration. */
export class EngineSandbox implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'wherry-engine-'));
  readonly root = join(this.directory, 'store');
  readonly home = join(this.directory, 'home');
  readonly #engines: Engine[] = [];
  readonly #stores: Store[] = [];

  /** Opens one more engine on the root. */
  engine(options: EngineOptions = {}): Engine {
    const engine = openEngine({
      root: this.root,
      env: { HOME: this.home, PATH: '/nonexistent' },
      dockerConfigDir: join(this.home, '.docker'),
      ...options,
    });
    this.#engines.push(engine);
    return engine;
  }

  /** Opens what lies under the engines. */
  store(): Store {
    const store = openStore(this.root);
    this.#stores.push(store);
    return store;
  }

  path(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  /** The files under one folder of the store, sorted, as paths from the root. */
  files(folder: string): string[] {
    return filesUnder(join(this.root, folder)).map((path) => relative(this.root, path));
  }

  /** Whether the store holds anything of an image: content, tables of contents or broken-off writes. */
  contents(): string[] {
    return ['blobs', 'tocs', 'ingests', 'tmp'].flatMap((folder) => this.files(folder));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const engine of this.#engines) await engine.close();
    for (const store of this.#stores) store.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Puts an image's blobs and manifest into a registry; `tag` may be empty. Returns the manifest's descriptor. */
export function serveImage(
  registry: MemoryRegistry,
  repository: string,
  tag: string,
  { image, layers, blobs }: ImageFixture,
): Descriptor {
  for (const digest of [image.config.descriptor.digest, ...layers.map(({ descriptor }) => descriptor.digest)])
    registry.addBlob(repository, blobs.get(digest)!);
  return serveDocument(registry, repository, tag, image.manifest);
}

/** Puts a manifest or index into a registry. */
export function serveDocument(
  registry: MemoryRegistry,
  repository: string,
  tag: string,
  { descriptor, bytes }: StoredDocument,
): Descriptor {
  return registry.addManifest(repository, tag, bytes, descriptor.mediaType);
}

/** A name at the registry. */
export function nameAt(registry: MemoryRegistry, rest: string): Reference {
  return parseReference(`${registry.host}/${rest}`);
}

/** The requests for something, as "GET blob" each, in order. */
export function requestsOf(registry: MemoryRegistry, from = 0): string[] {
  return registry.requests
    .slice(from)
    .filter(({ kind }) => kind !== 'ping')
    .map(({ method, kind }: RequestRecord) => `${method} ${kind}`);
}

/** Collects events; `phases` tells what was said of layers, repeated progress once. */
export function recorder() {
  const events: ProgressEvent[] = [];
  return {
    events,
    onProgress: (event: ProgressEvent) => void events.push(event),
    phases(): string[] {
      const said = events.flatMap((event) =>
        event.kind === 'layer' ? [`${event.phase} ${event.digest.slice(7, 13)}`] : [],
      );
      return said.filter((line, at) => line !== said[at - 1]);
    },
  };
}

function filesUnder(path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return [];
  if (!stat.isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}
