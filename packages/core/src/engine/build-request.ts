import type { LintWarning } from '@wherry/dockerfile';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { Digest } from '../digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Platform } from '../platform.ts';
import type { Reference } from '../reference.ts';
import type { ResourceLimits, Ulimit } from '../runtime/container-options.ts';

/** Where a build takes its files from. */
export type BuildContext =
  /** Relative to the process's directory, or absolute. */
  | { readonly kind: 'directory'; readonly path: string }
  /** An archive, packed or not, or the text of a Dockerfile, which then has no files beside it; its bytes tell. */
  | { readonly kind: 'stream'; readonly source: ByteSource }
  /** An archive or a Dockerfile, as for a stream. */
  | { readonly kind: 'url'; readonly url: string }
  /** With `#ref:directory` where the user wrote it. */
  | { readonly kind: 'git'; readonly url: string };

/** One more tree that FROM and `--from` can name: a context, an image, or an OCI layout on disk. */
export type NamedContext =
  | BuildContext
  | { readonly kind: 'image'; readonly ref: Reference }
  | { readonly kind: 'layout'; readonly path: string; readonly tag?: string; readonly digest?: Digest };

export type BuildDockerfile =
  /**
   * As the user wrote it: of a directory, from the process's directory on, inside the context or not; of every
   * other context, from its root on.
   */
  { readonly kind: 'file'; readonly path: string } | { readonly kind: 'stream'; readonly source: ByteSource };

/** What a step may see under an ID, and nothing keeps. */
export interface BuildSecret {
  readonly id: string;
  readonly from:
    | { readonly kind: 'file'; readonly path: string }
    /** Taken from the engine's environment when the build begins. */
    | { readonly kind: 'env'; readonly name: string };
}

/** An agent that a step may ask to sign. */
export interface BuildSshAgent {
  readonly id: string;
  /** A socket, or private keys; empty: the socket that `SSH_AUTH_SOCK` names. */
  readonly paths: readonly string[];
}

/** Where the result goes. Without any, it is an image in the store. */
export type BuildOutput =
  /** In the store under these names, beside `tags`; pushed under all of them. */
  | { readonly kind: 'image'; readonly names: readonly Reference[]; readonly push?: boolean }
  /** The files of the result, below a directory that is made. */
  | { readonly kind: 'local'; readonly path: string }
  /**
   * One file, or a place for its bytes. `tar`: the result's files; the others: an archive with the image, under these
   * names beside `tags`.
   */
  | {
      readonly kind: 'tar' | 'oci' | 'docker';
      readonly to: string | BuildSink;
      readonly names: readonly Reference[];
    };

/** Takes the bytes of an output, in order; the next ones come when it has resolved. */
export type BuildSink = (chunk: Uint8Array) => Promise<void>;

/** A cache outside the store. */
export type BuildCachePlace =
  /** For `cacheFrom` also an image, whose history and layers are the cache. */
  | { readonly kind: 'registry'; readonly ref: Reference }
  /** An OCI layout. */
  | { readonly kind: 'local'; readonly path: string };

export interface BuildCacheTarget {
  readonly place: BuildCachePlace;
  /** `min`: the layers of the result; `max`: those of every stage. */
  readonly mode: 'min' | 'max';
  /** A cache that cannot be written is a warning, no failure. */
  readonly ignoreError?: boolean;
}

/** How the processes of `RUN` are confined. */
export interface BuildLimits {
  readonly resources?: ResourceLimits;
  readonly ulimits?: readonly Ulimit[];
  readonly shmSizeBytes?: number;
  readonly cgroupParent?: string;
  /** `'unconfined'`, or the text of a profile in Docker's format; absent: Docker's default profile. */
  readonly seccomp?: string;
  readonly noNewPrivileges?: boolean;
}

export interface BuildRequest {
  readonly context: BuildContext;
  /** Absent: `Dockerfile`, or `dockerfile`, in the context. */
  readonly dockerfile?: BuildDockerfile;
  /** Docker's `--build-context`: by name, in lower case. */
  readonly namedContexts?: Readonly<Record<string, NamedContext>>;
  /** What the result is called, in this order. */
  readonly tags?: readonly Reference[];
  /** By name; `undefined`: named without a value that anyone knows, so that the Dockerfile's default holds. */
  readonly buildArgs?: Readonly<Record<string, string | undefined>>;
  /** Of the result's config, over those that the Dockerfile sets. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Of the result's manifest, and of its index where `scope` says so. */
  readonly annotations?: readonly BuildAnnotation[];
  /** A stage's name or number; absent: the last one. */
  readonly target?: string;
  /** Absent: this machine's. Several make an index. */
  readonly platforms?: readonly Platform[];
  /** No step's result is taken from the cache. */
  readonly noCache?: boolean;
  /** The same for these stages alone. */
  readonly noCacheFilter?: readonly string[];
  /** Asks the registry for the bases even where they are here. */
  readonly pull?: boolean;
  /** Bases are taken only with a signature of a key that the configuration has for their names. */
  readonly verify?: boolean;
  readonly cacheFrom?: readonly BuildCachePlace[];
  readonly cacheTo?: readonly BuildCacheTarget[];
  readonly secrets?: readonly BuildSecret[];
  readonly sshAgents?: readonly BuildSshAgent[];
  /** Of `RUN` that asks for none; absent: the host's. */
  readonly network?: 'none' | 'host';
  /** `name:address` each. */
  readonly extraHosts?: readonly string[];
  readonly limits?: BuildLimits;
  /** Absent: an image in the store; none: nowhere. Only those that are images have a use for `tags`. */
  readonly outputs?: readonly BuildOutput[];
  /** The layers that the build adds become one. */
  readonly squash?: boolean;
  /**
   * Of the layers that the build adds, in outputs and pushes; absent: gzip. `none` leaves them plain. Layers of a base
   * keep what they have, plain ones aside.
   */
  readonly compression?: 'gzip' | 'zstd' | 'none';
  /** Seconds since 1970: `SOURCE_DATE_EPOCH`. Absent: the time of the base. */
  readonly epoch?: number;
  /** Each step's event says why it hit or missed the cache. */
  readonly explain?: boolean;
  /** Reads and checks the Dockerfile, and builds nothing. */
  readonly check?: boolean;
}

export interface BuildAnnotation {
  readonly scope: 'manifest' | 'index' | 'manifest-descriptor' | 'index-descriptor';
  /** Absent: of every platform's. */
  readonly platform?: Platform;
  readonly key: string;
  readonly value: string;
}

/**
 * What a build ends with. A `RUN` that fails is an error whose `details.exitCode` is the command's exit code.
 */
export interface BuildResult {
  /** The image's, or that for the first platform; absent after a check and where only files were put out. */
  readonly id?: Digest;
  /** What the names point to, or an archive has: a manifest, or the index of several platforms. */
  readonly target?: Descriptor;
  readonly names: readonly Reference[];
  /** Of the Dockerfile, in its order. */
  readonly warnings: readonly LintWarning[];
}

/** What `ignoredFiles` is asked: what the ignore file keeps out of a context on disk. */
export interface IgnoredFilesRequest {
  readonly context: string;
  /** As for a build: its own ignore file comes first. */
  readonly dockerfile?: string;
  /** Only this path, from the context's root on, whether it is there or not; absent: all that is out. */
  readonly path?: string;
}

export interface IgnoredFile {
  /** From the context's root on. */
  readonly path: string;
  readonly isIgnored: boolean;
  /** The last line that matches, of a file in the context or elsewhere; absent: none does. */
  readonly rule?: { readonly file: string; readonly line: number; readonly pattern: string };
}
