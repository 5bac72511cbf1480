import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type MemoryRegistry, startMemoryRegistry } from '@wherry/core/testing';
import {
  documentOf,
  findManifest,
  RECORDED_TAGS,
  type RecordedManifest,
  readBlob,
} from './recorded-images.ts';

/** Repositories of which only their owners, nobody here, may change anything. */
const LIBRARY = [...new Set(Object.keys(RECORDED_TAGS).map((name) => name.slice(0, name.indexOf(':'))))];
/** Asked for in the recordings, and not there. */
const UNKNOWN_AT_HUB = ['library/nosuchrepo', 'someone/nosuch', 'ubuntu'];

/** The registries of the recording, each a registry in memory under another address. */
export class RecordedRegistries implements AsyncDisposable {
  readonly anonymous: MemoryRegistry;
  /** Takes user/secret. */
  readonly withLogin: MemoryRegistry;
  /** Stands in for Docker Hub: tokens, and refusals as the Hub's. */
  readonly hub: MemoryRegistry;

  private constructor(all: readonly [MemoryRegistry, MemoryRegistry, MemoryRegistry]) {
    [this.anonymous, this.withLogin, this.hub] = all;
  }

  static async start(): Promise<RecordedRegistries> {
    const account = { username: 'user', password: 'secret' };
    return new RecordedRegistries([
      await startMemoryRegistry(),
      await startMemoryRegistry({ auth: { kind: 'basic', ...account } }),
      await startMemoryRegistry({
        auth: {
          kind: 'token',
          ...account,
          anonymousPull: true,
          identityToken: 'refresh-user',
          deniedRepositories: UNKNOWN_AT_HUB,
          pullOnlyRepositories: LIBRARY,
        },
      }),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const registry of [this.anonymous, this.withLogin, this.hub]) await registry[Symbol.asyncDispose]();
  }

  /** Fills them with what the recorded registries had from the beginning. */
  fill(): void {
    for (const [name, { digest }] of Object.entries(RECORDED_TAGS)) {
      const manifest = findManifest(digest);
      if (manifest === undefined) continue;
      const [repository = '', tag = ''] = name.split(':');
      serve(this.anonymous, repository, tag, manifest);
      serve(this.hub, repository, tag, manifest);
      if (name === 'team/app:1.0') serve(this.withLogin, 'private/app', tag, manifest);
    }
  }

  /** The registry behind the domain of an image's name. */
  of(domain: string): MemoryRegistry | undefined {
    return this.#domains().find(([prefix]) => prefix === domain)?.[1];
  }

  /** Docker's file of credentials for a registry, by its recorded name: also for where it really is. */
  credentials(name: string, password = 'secret'): string {
    const auth = Buffer.from(`user:${password}`).toString('base64');
    const host = this.of(name)?.host ?? name;
    const key = name === 'docker.io' ? 'https://index.docker.io/v1/' : name;
    return JSON.stringify({ auths: { [key]: { auth }, [host]: { auth } } });
  }

  /** Writes a configuration that leads the recorded addresses to these registries. */
  writeConfig(path: string): void {
    mkdirSync(dirname(path), { recursive: true });
    const rules = this.#domains().map(
      ([prefix, { host }]) => `[[registry]]\nprefix = "${prefix}"\nlocation = "http://${host}"\n`,
    );
    writeFileSync(path, rules.join('\n'));
  }

  /** A text of wherry's with the recorded addresses in it. */
  named(text: string): string {
    return text
      .replaceAll(`http://${this.hub.host}`, 'https://registry-1.docker.io')
      .replaceAll(this.withLogin.host, '127.0.0.1:5056')
      .replaceAll(this.anonymous.host, '127.0.0.1:5055');
  }

  #domains(): [prefix: string, registry: MemoryRegistry][] {
    return [
      ['127.0.0.1:5055', this.anonymous],
      ['127.0.0.1:5056', this.withLogin],
      ['docker.io', this.hub],
      ['registry.hub.docker.com', this.hub],
    ];
  }
}

/** Puts a manifest, or an index, into a registry with all it refers to; `tag` may be empty. */
export function serve(
  registry: MemoryRegistry,
  repository: string,
  tag: string,
  manifest: RecordedManifest,
): void {
  const { config, layers = [], manifests = [] } = documentOf(manifest);
  for (const { digest } of config === undefined ? layers : [config, ...layers])
    registry.addBlob(repository, readBlob(digest));
  for (const { digest } of manifests) {
    const child = findManifest(digest);
    if (child !== undefined) serve(registry, repository, '', child);
  }
  registry.addManifest(repository, tag, manifest.bytes, manifest.mediaType);
}
