import type { ByteSource } from '../bytes/byte-source.ts';
import type { Digest } from '../digest.ts';
import type { VerbOptions } from '../events.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Platform } from '../platform.ts';
import type { Reference } from '../reference.ts';
import type { Endpoint, RateLimit, SearchResult } from '../registry/registry-client.ts';
import type { BuildOptions } from './build.ts';
import type { BuildCacheEntry } from './build-cache/cache-entries.ts';
import type { BuildCacheListRequest } from './build-cache-list.ts';
import type { BuildCachePruneRequest, BuildCachePruneResult } from './build-cache-prune.ts';
import type { BuildRequest, BuildResult, IgnoredFile, IgnoredFilesRequest } from './build-request.ts';
import type { PullCheck } from './check-pull.ts';
import type { CommitRequest } from './containers/commit.ts';
import type { ContainerVerbs } from './containers/container-verbs.ts';
import type { ConvertRequest, ConvertResult } from './convert.ts';
import type { CopyRequest, CopyResult } from './copy.ts';
import type { RemoteDescription } from './describe-remote.ts';
import type { GivenAccess, GivenCredentials } from './given-credentials.ts';
import type { ImageTree } from './image-tree.ts';
import type { InspectRemoteRequest, RemoteInspection } from './inspect-remote.ts';
import type { LayerUsage } from './layer-usage.ts';
import type { OutdatedRequest, OutdatedResult } from './outdated.ts';
import type { RemoveRemoteRequest } from './remove-remote.ts';
import type { SquashRequest } from './squash.ts';
import type { ImageSizes } from './store/image-sizes.ts';
import type { SystemPruneRequest, SystemPruneResult } from './system-prune.ts';
import type { TagRemoteRequest } from './tag-remote.ts';
import type { RemoteTag, TagsRequest } from './tags.ts';
import type { VerifyRequest, VerifyResult } from './verify.ts';
import type { VerifyBuildRequest, VerifyBuildResult } from './verify-build.ts';
import type { VolumeVerbs } from './volumes/volume-verbs.ts';

export type { BuildCacheEntry } from './build-cache/cache-entries.ts';
export type { BuildCacheListRequest } from './build-cache-list.ts';
export type { BuildCachePruneRequest, BuildCachePruneResult } from './build-cache-prune.ts';
export type * from './build-request.ts';
export type { PullCheck } from './check-pull.ts';
export type { CommitRequest } from './containers/commit.ts';
export type * from './containers/container-verbs.ts';
export type { ConvertRequest, ConvertResult, LayerPacking } from './convert.ts';
export type { CopyRequest, CopyResult } from './copy.ts';
export type { RemoteDescription } from './describe-remote.ts';
export type { GivenAccess, GivenCredentials } from './given-credentials.ts';
export type { ImageTree, ImageTreeVariant } from './image-tree.ts';
export type { InspectRemoteRequest, RemoteInspection } from './inspect-remote.ts';
export type { LayerUsage } from './layer-usage.ts';
export type { OutdatedName, OutdatedRequest, OutdatedResult, RegistryFailure } from './outdated.ts';
export type { CopyPlace } from './remote/copy-place.ts';
export type { TagOrder } from './remote/tag-order.ts';
export type { RemoveRemoteRequest } from './remove-remote.ts';
export type { SquashRequest } from './squash.ts';
export type { ImageSizes } from './store/image-sizes.ts';
export type { SystemPruneRequest, SystemPruneResult } from './system-prune.ts';
export type { TagRemoteRequest } from './tag-remote.ts';
export type { RemoteTag, TagsRequest } from './tags.ts';
export type {
  CheckedSignature,
  NamedKey,
  SignatureClaims,
  Verdict,
  VerifyRequest,
  VerifyResult,
} from './verify.ts';
export type {
  BuildDifference,
  FileAspect,
  FileDifference,
  VerifyBuildRequest,
  VerifyBuildResult,
} from './verify-build.ts';
export type * from './volumes/volume-verbs.ts';

/** How to open an engine. Every field has a default that suits a command line. */
export interface EngineOptions {
  /** Directory of the store; absent: `WHERRY_ROOT`, else the platform's data directory. */
  readonly root?: string;
  /** wherry's configuration file; absent: `~/.config/wherry/config.toml`. */
  readonly configFile?: string;
  /** Directory of Docker's `config.json`; absent: `DOCKER_CONFIG`, else `~/.docker`. */
  readonly dockerConfigDir?: string;
  /** Absent: the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Layers fetched or sent, or names asked for, at once. */
  readonly jobs?: number;
  /** `false`: no credential helper is asked for a password, because it might ask the user. */
  readonly credentialHelpers?: boolean;
}

export interface PullRequest {
  readonly ref: Reference;
  /** What to choose from an index; absent: this machine's. */
  readonly platform?: Platform;
  /** Every platform of an index, instead of one. */
  readonly allPlatforms?: boolean;
  /**
   * Only what a key has signed that the configuration has for the name: `NOT_TRUSTED` otherwise. A name
   * whose rule requires it is verified in any case.
   */
  readonly verify?: boolean;
}

export interface PullResult {
  readonly ref: Reference;
  /** What the registry's tag resolved to: the digest Docker prints. */
  readonly target: Descriptor;
  readonly imageId: Digest;
  readonly status: 'downloaded' | 'up-to-date';
  /** Set when the image is for another platform than was asked for. */
  readonly platformMismatch?: { readonly wanted: Platform; readonly actual: Platform };
}

/** Which image of a name is meant, when it stands for several. */
export interface PlatformChoice {
  /** Absent: the one that the name shows. */
  readonly platform?: Platform;
}

export interface PushRequest extends PlatformChoice {
  readonly ref: Reference;
}

export interface PushAllRequest extends PlatformChoice {
  readonly repository: Reference;
}

export interface PushResult {
  readonly ref: Reference;
  readonly target: Descriptor;
}

/** One row of a listing: an image under one of its names, or under none. */
export interface ImageSummary {
  readonly id: Digest;
  readonly parent?: Digest;
  /** Familiar names with tag; empty: dangling. */
  readonly repoTags: readonly string[];
  /** Familiar names with digest. */
  readonly repoDigests: readonly string[];
  readonly created: Date | undefined;
  /** Bytes of the layers' files. */
  readonly size: number;
  readonly platform: Platform;
  /** Set where they were asked for. */
  readonly sizes?: ImageSizes;
  /** How many containers were made from it. Set where it was asked for. */
  readonly containers?: number;
  /** The image's own, not the index it may have come in. Set where it was asked for. */
  readonly manifest?: Descriptor;
  /** Set where they were asked for. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface ImagesRequest {
  /** Only names that this matches: a repository, or a repository and a tag; `*` and `?` as in paths. */
  readonly pattern?: string;
  /** Intermediate images too. */
  readonly all?: boolean;
  /**
   * `name=value` each: `dangling`, `label`, `before`, `since`, `reference`, as Docker has them, and
   * `size<100MB`, `size>1GB`. All must hold; of several references, or images to be before or since, one.
   */
  readonly filters?: readonly string[];
  /** `until` is one of the filters, as in the engine's API: a time, or how long ago it was. */
  readonly takesUntil?: boolean;
  /** Only images that are pinned. */
  readonly pinned?: boolean;
  /** What each image takes on its way and in the store, for which its manifest is read. */
  readonly sizes?: boolean;
  /** Counts the containers of each image. */
  readonly containers?: boolean;
  /** Tells the manifest of each image. */
  readonly manifests?: boolean;
  /** Reads the labels of each image out of its config. */
  readonly labels?: boolean;
}

export interface HistoryEntry {
  /** Set on the top entry, and on entries whose image is here; absent: `<missing>`. */
  readonly id?: Digest;
  readonly created: Date | undefined;
  readonly createdBy: string;
  readonly comment: string;
  readonly size: number;
  readonly tags: readonly string[];
  /** The diffID of the layer that it made; absent: it made none. */
  readonly layer?: Digest;
}

/** What Docker's Engine API answers for an image; field names and order are Docker's. */
export interface ImageInspection {
  readonly Id: string;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  readonly Parent: string;
  readonly Comment: string;
  readonly Created: string;
  readonly [field: string]: unknown;
}

export type RemovalEvent = { readonly untagged: string } | { readonly deleted: Digest };

export interface RemoveRequest {
  /** What the user typed: a name, a name with digest, an ID or a prefix of one. */
  readonly image: string;
  readonly force?: boolean;
  /** Keeps untagged parents. */
  readonly noPrune?: boolean;
  /** Only these of an index; the name stays as long as one of its images does. */
  readonly platforms?: readonly Platform[];
  /** Takes names only: with its last one, the image stays without any. */
  readonly untagOnly?: boolean;
}

export interface PruneRequest {
  /** Every image that is not in use, not just the dangling ones. */
  readonly all?: boolean;
  /** `name=value` each: Docker's `dangling`, `label`, `label!`, `until`; and `reference`, `unused-since`, `size<…`, … */
  readonly filters?: readonly string[];
  /** Adds the `pruneFilters` of Docker's `config.json`, as Docker's command line does. */
  readonly configured?: boolean;
  /** How many tags of each repository stay, those of the newest images. For `all` only. */
  readonly keep?: number;
  /** Finds out what would go, and touches nothing. */
  readonly dryRun?: boolean;
}

export interface PruneResult {
  readonly events: readonly RemovalEvent[];
  /** Bytes of the files in the layers that went, which is what Docker calls reclaimed. */
  readonly contentBytes: number;
  /** What the file system gets back for the blobs that nothing else needs. */
  readonly reclaimedBytes: number;
}

export interface SaveRequest {
  readonly images: readonly string[];
  /** Layers as plain tars, as old daemons wrote them, instead of the stored blobs. */
  readonly uncompressed?: boolean;
  /**
   * Images that are here, and paths of archives or layout directories: layers that they have are left out. What
   * begins with `.` or `/` is a path; else an image comes first.
   */
  readonly since?: readonly string[];
  /** Only these of an index: one is saved as an image by itself, several in the index. */
  readonly platforms?: readonly Platform[];
}

export interface LoadedImage {
  /** Absent: the archive names the image by its ID alone. */
  readonly ref?: Reference;
  readonly id: Digest;
}

export interface LoadRequest {
  /** An archive's bytes, or the path of a layout directory or an archive. */
  readonly from: ByteSource | string;
  /** Only the images for these, each of which every name in the archive must have. */
  readonly platforms?: readonly Platform[];
}

export interface ImportRequest {
  /** A tar, packed or not; a path, an `http(s)` URL, or the bytes. */
  readonly from: ByteSource | string;
  /** The new image's name; absent: none. */
  readonly ref?: Reference;
  /** Dockerfile instructions: `CMD`, `ENTRYPOINT`, `ENV`, `EXPOSE`, `LABEL`, `USER`, `VOLUME`, `WORKDIR`, … */
  readonly changes?: readonly string[];
  readonly message?: string;
  readonly platform?: Platform;
}

export interface LoginRequest {
  /** A registry's host, or absent for Docker Hub. */
  readonly server?: string;
  readonly username: string;
  readonly password: string;
  /** What a registry gave in the password's place, which is then left aside. */
  readonly identityToken?: string;
}

export interface SearchRequest {
  /** Part of a name; behind a host and a slash, that registry is searched instead of Docker Hub. */
  readonly term: string;
  /** Results at most, 1 to 100; absent: 25. Filters come after it. */
  readonly limit?: number;
  /** Docker's `stars`, `is-official` and `is-automated`, each with its values. */
  readonly filters?: Readonly<Record<string, readonly string[]>>;
}

/** What is kept for a server. */
export interface StoredLogin {
  readonly username: string;
  /** Empty when there is an identity token. */
  readonly password: string;
  readonly identityToken?: string;
}

export interface LoginResult {
  /** Where the credentials are now. */
  readonly storedIn:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'helper'; readonly name: string };
}

/** One fault that `system check` found; `repaired` tells what was done about it. */
export interface Fault {
  readonly kind:
    | 'blob-corrupt'
    | 'blob-missing'
    | 'toc-missing'
    | 'toc-corrupt'
    | 'registry-incomplete'
    | 'metadata-missing'
    | 'metadata-corrupt'
    | 'index-stale'
    | 'build-cache-incomplete'
    | 'volume-incomplete'
    | 'volume-missing'
    | 'stray-file'
    | 'stray-mount'
    | 'stray-container';
  readonly subject: string;
  readonly message: string;
  readonly repaired?: string;
}

export interface CheckResult {
  readonly faults: readonly Fault[];
  readonly blobs: number;
  readonly bytes: number;
  readonly images: number;
}

export interface DiskUsageItem {
  readonly name: string;
  readonly bytes: number;
  /** Bytes that removing it would give back. */
  readonly reclaimableBytes: number;
}

export interface DiskUsageGroup {
  readonly type:
    | 'images'
    | 'containers'
    | 'volumes'
    | 'build-cache'
    | 'registry'
    | 'partial-downloads'
    | 'orphans'
    | 'metadata';
  readonly total: number;
  readonly active: number;
  readonly bytes: number;
  readonly reclaimableBytes: number;
  readonly items: readonly DiskUsageItem[];
}

/** Bytes are those the file system gives to the files (`st_blocks`), so that the sum is what `du` says. */
export interface DiskUsage {
  readonly groups: readonly DiskUsageGroup[];
  readonly bytes: number;
  /** What the build cache is made of, least recently used first. */
  readonly buildCache: readonly BuildCacheEntry[];
}

export interface SystemInfo {
  readonly version: string;
  readonly root: string;
  readonly images: number;
  readonly hashEngine: string;
  readonly nodeVersion: string;
  readonly sqliteVersion: string;
  readonly platform: Platform;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly hostname: string;
  readonly operatingSystem: string;
  readonly kernelVersion: string;
  /** As the system names it, such as `x86_64`. */
  readonly architecture: string;
  readonly registryMirrors: readonly string[];
  readonly insecureRegistries: readonly string[];
  readonly configFile: string;
}

/** What talks to registries with the credentials of one request. */
export type CredentialedVerbs = Pick<
  Engine,
  'build' | 'describeRemote' | 'pull' | 'pullAllTags' | 'push' | 'pushAllTags' | 'search' | 'tags'
>;

/**
 * Everything wherry does, over one store. Open it with `openEngine`, dispose it when done. Verbs load their
 * code when first called. Errors are `WherryError`s. Any number of engines and processes share a root.
 */
export interface Engine extends AsyncDisposable {
  readonly root: string;
  /** Runs images, on Linux. */
  readonly containers: ContainerVerbs;
  readonly volumes: VolumeVerbs;
  pull(request: PullRequest, options?: VerbOptions): Promise<PullResult>;
  /** Every tag of a repository, in the registry's order. */
  pullAllTags(request: PullRequest, options?: VerbOptions): Promise<PullResult[]>;
  /** Whether a pull would bring something, asked by one HEAD. */
  checkPull(request: { readonly ref: Reference }, options?: VerbOptions): Promise<PullCheck>;
  /** The tags in the store that point to something else in their registries. */
  outdated(request?: OutdatedRequest, options?: VerbOptions): Promise<OutdatedResult>;
  /** The tags of a repository in its registry, newest version first. */
  tags(request: TagsRequest, options?: VerbOptions): Promise<RemoteTag[]>;
  /** Checks the signatures that a registry has for what a name points to there. */
  verify(request: VerifyRequest, options?: VerbOptions): Promise<VerifyResult>;
  push(request: PushRequest, options?: VerbOptions): Promise<PushResult>;
  pushAllTags(request: PushAllRequest, options?: VerbOptions): Promise<PushResult[]>;
  /** Takes an image from one place to another, past the store. */
  copy(request: CopyRequest, options?: VerbOptions): Promise<CopyResult>;
  /** One more tag in a registry, without a blob that moves. */
  tagRemote(request: TagRemoteRequest, options?: VerbOptions): Promise<Descriptor>;
  /** Deletes a tag, or a manifest, in its registry. */
  removeRemote(request: RemoveRemoteRequest, options?: VerbOptions): Promise<RemovalEvent[]>;
  /** What a registry tells of an image, without its layers. */
  inspectRemote(request: InspectRemoteRequest, options?: VerbOptions): Promise<RemoteInspection>;
  /** What a name points at in its registry, by manifest and config alone. */
  describeRemote(request: { readonly ref: Reference }, options?: VerbOptions): Promise<RemoteDescription>;
  /** The same verbs with these credentials and none that are stored; they are not kept. */
  withCredentials(given: readonly GivenCredentials[], access?: GivenAccess): CredentialedVerbs;
  /** Newest first. */
  images(request?: ImagesRequest): Promise<ImageSummary[]>;
  /** The same by what the names stand for, newest first: an index with the images for its platforms. */
  imageTree(request?: ImagesRequest): Promise<ImageTree[]>;
  /** Every name, in the order of the full forms. */
  names(): Promise<Reference[]>;
  tag(request: { readonly source: string; readonly target: Reference }): Promise<void>;
  inspect(image: string, choice?: PlatformChoice): Promise<ImageInspection>;
  history(image: string, choice?: PlatformChoice): Promise<HistoryEntry[]>;
  remove(request: RemoveRequest): Promise<RemovalEvent[]>;
  /** Cancelled, it keeps to what it has removed so far. */
  prune(request?: PruneRequest, options?: VerbOptions): Promise<PruneResult>;
  /** Keeps an image from `prune`, and from `remove` without force. Tells whether that is new. */
  pin(image: string): Promise<boolean>;
  /** Tells whether it was pinned. */
  unpin(image: string): Promise<boolean>;
  /** The archive's bytes. Names are resolved before the first byte. */
  save(request: SaveRequest, options?: VerbOptions): ByteSource;
  load(request: LoadRequest, options?: VerbOptions): Promise<LoadedImage[]>;
  import(request: ImportRequest, options?: VerbOptions): Promise<{ readonly id: Digest }>;
  /** Makes an image from a Dockerfile; only its RUN needs Linux. */
  build(request: BuildRequest, options?: BuildOptions): Promise<BuildResult>;
  /** Builds twice, and says whether and where the results differ. */
  verifyBuild(request: VerifyBuildRequest, options?: BuildOptions): Promise<VerifyBuildResult>;
  /** What the ignore file keeps out of a context, in the order of the paths. */
  ignoredFiles(request: IgnoredFilesRequest, options?: VerbOptions): Promise<IgnoredFile[]>;
  /** Makes an image of what a container changed; on Linux alone. */
  commit(request: CommitRequest, options?: VerbOptions): Promise<{ readonly id: Digest }>;
  /** Packs layers in another way; the image's ID stays. */
  convert(request: ConvertRequest, options?: VerbOptions): Promise<ConvertResult>;
  /** Merges layers into one; tells the new image's ID. */
  squash(request: SquashRequest, options?: VerbOptions): Promise<{ readonly id: Digest }>;
  login(request: LoginRequest, options?: VerbOptions): Promise<LoginResult>;
  /** Tries credentials, and keeps nothing. Tells the identity token that the registry gave in their place. */
  tryLogin(request: LoginRequest, options?: VerbOptions): Promise<{ readonly identityToken?: string }>;
  logout(server?: string): Promise<void>;
  /** What is stored for a server, fit for `login`. */
  storedLogin(server?: string): Promise<StoredLogin | undefined>;
  /** Repositories of a registry, in its order. Throws `INVALID_ARGUMENT`, and the registry's errors. */
  search(request: SearchRequest, options?: VerbOptions): Promise<SearchResult[]>;
  explainPull(ref: Reference): Promise<readonly Endpoint[]>;
  rateLimit(registry?: string, options?: VerbOptions): Promise<RateLimit>;
  check(request?: { readonly repair?: boolean }, options?: VerbOptions): Promise<CheckResult>;
  diskUsage(): Promise<DiskUsage>;
  /** What images have in common, in Docker's measure. */
  layerUsage(): Promise<LayerUsage>;
  /** What builds left for those to come, least recently used first. */
  buildCache(request?: BuildCacheListRequest): Promise<BuildCacheEntry[]>;
  /** Cancelled, it keeps to what it has removed so far. */
  pruneBuildCache(request?: BuildCachePruneRequest, options?: VerbOptions): Promise<BuildCachePruneResult>;
  /** Removes what nobody needs, of every kind. */
  systemPrune(request?: SystemPruneRequest, options?: VerbOptions): Promise<SystemPruneResult>;
  info(): Promise<SystemInfo>;
  close(): Promise<void>;
}
