import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type MemoryRegistry, startMemoryRegistry } from '../memory-registry.ts';
import { documentOf, type RecordedImages, type RecordedManifest } from './recorded-images.ts';

/** Where the recorded search server answered. */
const INDEXES = ['127.0.0.1:5058', 'localhost', 'docker.io'];
/** Asked for in the recordings, and not there. */
const UNKNOWN_AT_HUB = [
  'library/b',
  'library/nosuch',
  'library/nosuchimage',
  'library/nosuchrepo',
  'library/nosuchstage',
  'someone/nosuch',
  'ubuntu',
];

/** The registries of the recording, each a registry in memory under another address. */
export class RecordedRegistries implements AsyncDisposable {
  readonly anonymous: MemoryRegistry;
  /** Takes user/secret. */
  readonly withLogin: MemoryRegistry;
  /** Stands in for Docker Hub: tokens, and refusals as the Hub's. */
  readonly hub: MemoryRegistry;
  readonly #images: RecordedImages;

  private constructor(
    images: RecordedImages,
    all: readonly [MemoryRegistry, MemoryRegistry, MemoryRegistry],
  ) {
    this.#images = images;
    [this.anonymous, this.withLogin, this.hub] = all;
  }

  static async start(images: RecordedImages): Promise<RecordedRegistries> {
    const account = { username: 'user', password: 'secret' };
    // Only their owners, nobody here, may change anything in the repositories that the recording has.
    const library = [...new Set(Object.keys(images.tags).map((name) => name.slice(0, name.indexOf(':'))))];
    return new RecordedRegistries(images, [
      await startMemoryRegistry(),
      await startMemoryRegistry({ auth: { kind: 'basic', ...account } }),
      await startMemoryRegistry({
        auth: {
          kind: 'token',
          ...account,
          anonymousPull: true,
          identityToken: 'refresh-user',
          deniedRepositories: UNKNOWN_AT_HUB,
          pullOnlyRepositories: library,
        },
      }),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const registry of [this.anonymous, this.withLogin, this.hub]) await registry[Symbol.asyncDispose]();
  }

  /** Fills them with what the recorded registries had from the beginning. */
  fill(): void {
    for (const [name, { digest }] of Object.entries(this.#images.tags)) {
      const manifest = this.#images.findManifest(digest);
      if (manifest === undefined) continue;
      const [repository = '', tag = ''] = name.split(':');
      this.serve(this.anonymous, repository, tag, manifest);
      this.serve(this.hub, repository, tag, manifest);
      if (name === 'team/app:1.0') this.serve(this.withLogin, 'private/app', tag, manifest);
    }
  }

  /** Puts a manifest, or an index, into a registry with all it refers to; `tag` may be empty. */
  serve(registry: MemoryRegistry, repository: string, tag: string, manifest: RecordedManifest): void {
    const { config, layers = [], manifests = [] } = documentOf(manifest);
    for (const { digest } of config === undefined ? layers : [config, ...layers])
      registry.addBlob(repository, this.#images.readBlob(digest));
    for (const { digest } of manifests) {
      const child = this.#images.findManifest(digest);
      if (child !== undefined) this.serve(registry, repository, '', child);
    }
    registry.addManifest(repository, tag, manifest.bytes, manifest.mediaType);
  }

  /** Has a registry list the tags of a repository in the order of the recorded one, which was no rule's. */
  listTags(registry: MemoryRegistry, repository: string, tags: readonly string[]): void {
    const body = JSON.stringify({ name: repository, tags });
    registry.addFault({ on: 'GET tags', status: 200, headers: { 'content-type': 'application/json' }, body });
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

  /** Writes a configuration that leads the recorded addresses to these registries, or all to one `index`. */
  writeConfig(path: string, index?: { readonly host: string }): void {
    mkdirSync(dirname(path), { recursive: true });
    const domains = this.#domains().map(([prefix, { host }]) => [prefix, host]);
    const indexes = INDEXES.map((prefix) => [prefix, index?.host]);
    const rules = (index === undefined ? domains : indexes).map(
      ([prefix, host]) => `[[registry]]\nprefix = "${prefix}"\nlocation = "http://${host}"\n`,
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
