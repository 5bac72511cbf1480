import type { Digest } from '../digest.ts';
import type { Platform } from '../platform.ts';
import {
  arrayAt,
  digestAt,
  invalid,
  type JsonObject,
  objectAt,
  optionalStringAt,
  readJsonObject,
  stringMapAt,
  stringsAt,
} from './json.ts';

/** How a container is started. Field names are the document's. OCI image-spec v1.1, config.md; Docker's extras. */
export interface ContainerConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, unknown>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, unknown>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  readonly OnBuild?: readonly string[];
  readonly Shell?: readonly string[];
  readonly Healthcheck?: Healthcheck;
  /** Fields that only some writers have. */
  readonly [field: string]: unknown;
}

export interface Healthcheck {
  /** `['NONE']`, `['CMD', …]` or `['CMD-SHELL', text]`. */
  readonly Test?: readonly string[];
  /** Nanoseconds, as all times here. */
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

export interface HistoryRecord {
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  readonly created_by?: string;
  readonly comment?: string;
  /** The step made no layer. */
  readonly empty_layer?: boolean;
}

/** What an image is: its ID is the digest of these bytes. Field names are the document's. */
export interface ImageConfig {
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  /** Empty in images of some old writers, as `os` may be. */
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly config?: ContainerConfig;
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly HistoryRecord[];
  /** Fields that only some writers have, such as `docker_version` and `container_config`. */
  readonly [field: string]: unknown;
}

const MAX_LIST = 10_000;

const STRING_FIELDS = ['created', 'author', 'variant', 'os.version'] as const;
const CONTAINER_STRINGS = ['User', 'WorkingDir', 'StopSignal'] as const;
const CONTAINER_LISTS = ['Env', 'Entrypoint', 'Cmd', 'OnBuild', 'Shell'] as const;
const CONTAINER_SETS = ['ExposedPorts', 'Volumes'] as const;

/**
 * Reads an image's config. Known fields are checked, and absent where the document has `null`; unknown ones
 * are handed on. The bytes stay the truth, keep them. Throws `INVALID_DOCUMENT`, saying where.
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const object = readJsonObject(bytes, 'config');
  if (object.rootfs == null) throw invalid('config', 'invalid image JSON, no RootFS key');
  const rootfs = objectAt(object.rootfs, 'config.rootfs');
  const history = object.history == null ? undefined : arrayAt(object.history, 'config.history', MAX_LIST);
  for (const field of STRING_FIELDS) optionalStringAt(object[field], `config.${field}`);
  return {
    ...withoutNulls(object),
    architecture: optionalStringAt(object.architecture, 'config.architecture') ?? '',
    os: optionalStringAt(object.os, 'config.os') ?? '',
    rootfs: {
      type: optionalStringAt(rootfs.type, 'config.rootfs.type') ?? 'layers',
      diff_ids: arrayAt(rootfs.diff_ids, 'config.rootfs.diff_ids', MAX_LIST).map((diffID, index) =>
        digestAt(diffID, `config.rootfs.diff_ids[${index}]`),
      ),
    },
    ...(object.config != null && { config: readContainerConfig(object.config, 'config.config') }),
    ...(history && { history: history.map((entry, at) => readHistory(entry, `config.history[${at}]`)) }),
  };
}

/** What the image runs on; Linux where an old writer left the system out. */
export function imagePlatform(config: ImageConfig): Platform {
  return {
    os: config.os || 'linux',
    architecture: config.architecture,
    ...(config.variant && { variant: config.variant }),
    ...(config['os.version'] && { osVersion: config['os.version'] }),
  };
}

function readContainerConfig(value: unknown, at: string): ContainerConfig {
  const object = objectAt(value, at);
  for (const field of CONTAINER_STRINGS) optionalStringAt(object[field], `${at}.${field}`);
  for (const field of CONTAINER_LISTS) stringsAt(object[field], `${at}.${field}`, MAX_LIST);
  for (const field of CONTAINER_SETS) if (object[field] != null) objectAt(object[field], `${at}.${field}`);
  stringMapAt(object.Labels, `${at}.Labels`);
  if (object.Healthcheck != null) {
    const healthcheck = objectAt(object.Healthcheck, `${at}.Healthcheck`);
    stringsAt(healthcheck.Test, `${at}.Healthcheck.Test`, MAX_LIST);
  }
  return withoutNulls(object) as ContainerConfig;
}

function readHistory(value: unknown, at: string): HistoryRecord {
  const object = objectAt(value, at);
  for (const field of ['created', 'author', 'created_by', 'comment'])
    optionalStringAt(object[field], `${at}.${field}`);
  if (object.empty_layer != null && typeof object.empty_layer !== 'boolean')
    throw invalid(`${at}.empty_layer`, 'want true or false');
  return withoutNulls(object) as HistoryRecord;
}

function withoutNulls(object: JsonObject): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}
