import { chmodSync, chownSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno, WherryError } from '../../errors.ts';
import { copyNames } from '../../rootfs/copy-names.ts';
import { ownerNotMapped } from '../../rootfs/unpack/unpack-error.ts';
import type { ContainerMount } from '../../runtime/container-options.ts';
import { resolveInRootfs } from '../../runtime/spec/rootfs-path.ts';
import { openAgentSocket } from './agent-socket.ts';
import { CacheDirectory } from './cache-directory.ts';
import { type Tree, treeOf } from './mounted-trees.ts';
import type { BindMount, CacheMount, MountedFiles, RunMount, SecretMount, SshMount } from './run-mount.ts';
import type { StepPlaces } from './step-places.ts';

const SECRET_MODE = 0o400;

/** What mounts come to for the runtime. */
export interface PreparedMounts {
  readonly mounts: readonly ContainerMount[];
  /** Variables that they bring. */
  readonly env: readonly string[];
}

/** The mounts of one step, with what is held for them until it is disposed: caches, and sockets. */
export class StepMounts implements AsyncDisposable {
  readonly #mounts: readonly RunMount[];
  readonly #places: StepPlaces;
  readonly #caches = new Map<RunMount, CacheDirectory>();
  readonly #trees = new Map<RunMount, Tree>();
  #sockets: AsyncDisposable[] = [];

  private constructor(mounts: readonly RunMount[], places: StepPlaces) {
    this.#mounts = mounts;
    this.#places = places;
  }

  /** Waits for caches that other steps have alone. Throws `CANCELLED`. */
  static async open(
    mounts: readonly RunMount[],
    places: StepPlaces,
    caches: string,
    signal: AbortSignal | undefined,
  ): Promise<StepMounts> {
    const opened = new StepMounts(mounts, places);
    try {
      // In one order for all, or two steps might wait for each other.
      for (const mount of mounts.filter((each) => each.type === 'cache').sort(byId))
        opened.#caches.set(mount, await CacheDirectory.open(caches, mount, signal));
      for (const [index, mount] of mounts.entries()) opened.#plan(mount, index);
      return opened;
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The trees that must be there before `prepare`. */
  get trees(): readonly Tree[] {
    return [...this.#trees.values()];
  }

  /** What is in the bundle may be in no file that lasts. */
  get hasSecrets(): boolean {
    return this.#mounts.some(({ type }) => type === 'secret');
  }

  /**
   * Makes all that is mounted, where the trees are there, under the root that we see at `seenAt`. Throws
   * `FILE_NOT_FOUND` for a source that is not in its tree.
   */
  async prepare(seenAt: string, signal: AbortSignal | undefined): Promise<PreparedMounts> {
    await this.#closeSockets();
    const mounts: ContainerMount[] = [];
    const env: string[] = [];
    for (const [index, mount] of this.#mounts.entries()) {
      const { source, ...parts } = await this.#prepareOne(mount, index, seenAt, signal);
      env.push(...(parts.env ?? []));
      if (mount.type === 'tmpfs') {
        const size = mount.size === undefined ? [] : [`size=${mount.size}`];
        mounts.push({ type: 'tmpfs', target: mount.target, options: ['exec', ...size] });
      } else if (source !== undefined && mount.target !== undefined)
        mounts.push({ type: 'bind', source, target: mount.target, readOnly: isReadOnly(mount) });
    }
    return { mounts, env };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closeSockets();
    for (const cache of this.#caches.values()) await cache[Symbol.asyncDispose]();
  }

  #plan(mount: RunMount, index: number): void {
    const tree =
      mount.type === 'bind'
        ? treeOf(mount.files, mount.isWritable ?? false, index, this.#places)
        : mount.type === 'cache' && mount.initial && this.#caches.get(mount)?.isNew
          ? treeOf(mount.initial.files, false, index, this.#places)
          : undefined;
    if (tree) this.#trees.set(mount, tree);
  }

  /** Returns the path, as it is in the enclosure, that is mounted. */
  async #prepareOne(
    mount: RunMount,
    index: number,
    seenAt: string,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly source?: string; readonly env?: readonly string[] }> {
    if (mount.type === 'bind') return { source: this.#sourceOf(mount, mount, seenAt) };
    if (mount.type === 'cache') return { source: await this.#openCache(mount, seenAt, signal) };
    if (mount.type === 'secret') return this.#writeSecret(mount, index, seenAt);
    if (mount.type === 'ssh') return await this.#openAgent(mount, index, seenAt);
    return {};
  }

  #sourceOf(
    mount: RunMount,
    { files, source = '/' }: { readonly files: MountedFiles; readonly source?: string },
    seenAt: string,
  ): string {
    const root = this.#trees.get(mount)?.root ?? (files.kind === 'directory' ? files.directory : '');
    const { path, missing } = resolveInRootfs(join(seenAt, root), source);
    if (missing.length === 0 && existsSync(path)) return path.slice(seenAt.length);
    throw new WherryError('FILE_NOT_FOUND', `${source}: not found, nothing to mount at ${mount.target}`);
  }

  async #openCache(mount: CacheMount, seenAt: string, signal: AbortSignal | undefined): Promise<string> {
    const cache = this.#caches.get(mount);
    if (cache === undefined) throw new Error(`cache ${mount.id} is not open`);
    const { initial } = mount;
    await cache.make(mount, async (directory) => {
      if (initial === undefined) return;
      const source = join(seenAt, this.#sourceOf(mount, initial, seenAt));
      await copyNames(source, directory, [''], { isRecursive: true, ...(signal && { signal }) });
    });
    return cache.directory;
  }

  #writeSecret(
    { value, target, env, uid = 0, gid = 0, mode = SECRET_MODE }: SecretMount,
    index: number,
    seenAt: string,
  ): { readonly source?: string; readonly env: readonly string[] } {
    const variables = env === undefined ? [] : [`${env}=${Buffer.from(value).toString('utf8')}`];
    if (target === undefined) return { env: variables };
    const source = join(this.#places.bundle, `secret-${index}`);
    const seen = join(seenAt, source);
    writeFileSync(seen, value, { mode: 0o600 });
    try {
      chownSync(seen, uid, gid);
    } catch (error) {
      if (isErrno(error, 'EINVAL')) throw ownerNotMapped(target, `${uid}:${gid}`, error);
      throw error;
    }
    chmodSync(seen, mode);
    return { source, env: variables };
  }

  async #openAgent(
    mount: SshMount,
    index: number,
    seenAt: string,
  ): Promise<{ readonly source: string; readonly env: readonly string[] }> {
    const name = `agent-${index}`;
    this.#sockets.push(await openAgentSocket(join(seenAt, this.#places.bundle), name, mount));
    const isFirst = this.#sockets.length === 1;
    return {
      source: join(this.#places.bundle, name),
      env: isFirst ? [`SSH_AUTH_SOCK=${mount.target}`] : [],
    };
  }

  async #closeSockets(): Promise<void> {
    const sockets = this.#sockets;
    this.#sockets = [];
    for (const socket of sockets) await socket[Symbol.asyncDispose]();
  }
}

function isReadOnly(mount: BindMount | CacheMount | SecretMount | SshMount): boolean {
  if (mount.type === 'bind') return !mount.isWritable;
  if (mount.type === 'cache') return mount.isReadOnly ?? false;
  return mount.type === 'secret';
}

function byId(a: CacheMount, b: CacheMount): number {
  return a.id < b.id ? -1 : 1;
}
