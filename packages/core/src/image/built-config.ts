import type { Digest } from '../digest.ts';
import { type ContainerConfig, parseImageConfig } from '../oci/image-config.ts';
import { writeJson } from '../oci/json.ts';
import { MEDIA_TYPES } from '../oci/media-types.ts';
import type { Platform } from '../platform.ts';
import { createdText, describeDocument, type StoredDocument } from './build-image.ts';
import { historyOf } from './config-history.ts';
import { dockerContainerConfig } from './container-config.ts';

/** A built image before its next step, in what the steps hand on to each other. */
export interface BuiltConfig {
  readonly config: ContainerConfig;
  readonly author?: string;
  readonly platform: Platform;
  /** Base first. */
  readonly diffIDs: readonly Digest[];
  /** As they are written in the document. */
  readonly history: readonly unknown[];
  /** What else a base has to say of itself. */
  readonly extras?: Readonly<Record<string, unknown>>;
}

/** Docker's path for images that have none. */
const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What a stage begins with on `FROM scratch`. */
export function emptyConfig(platform: Platform): BuiltConfig {
  return { config: { Env: [DEFAULT_PATH] }, platform, diffIDs: [], history: [] };
}

/** What a stage begins with on an image; `bytes`: its config. Throws `INVALID_DOCUMENT`. */
export function configOfBase(bytes: Uint8Array, platform: Platform): BuiltConfig {
  const parsed = parseImageConfig(bytes);
  const { config = {}, author, 'os.features': features } = parsed;
  const env = config.Env ?? [];
  const hasPath = env.some((each) => each.startsWith('PATH='));
  return {
    config: hasPath ? config : { ...config, Env: [...env, DEFAULT_PATH] },
    ...(typeof author === 'string' && { author }),
    platform,
    diffIDs: parsed.rootfs.diff_ids,
    history: historyOf(bytes, parsed),
    ...(features != null && { extras: { 'os.features': features } }),
  };
}

export interface BuiltStep {
  /** Of the image before it, which the config names; absent: there was none. */
  readonly parent?: Digest;
  readonly created: Date;
  readonly createdBy: string;
  readonly comment?: string;
  /** Absent: the step made none. */
  readonly diffID?: Digest;
}

/** The config with one more step in its history. */
export function withStep(built: BuiltConfig, step: BuiltStep): BuiltConfig {
  const entry = {
    created: createdText(step.created),
    ...(built.author && { author: built.author }),
    created_by: step.createdBy,
    ...(step.comment && { comment: step.comment }),
    ...(step.diffID === undefined && { empty_layer: true }),
  };
  return {
    ...built,
    config: { ...built.config, ...(step.parent && { Image: step.parent }) },
    diffIDs: [...built.diffIDs, ...(step.diffID === undefined ? [] : [step.diffID])],
    history: [...built.history, entry],
  };
}

/**
 * Writes the config of a built image with the fields that Docker's classic builder writes, those aside that name
 * a container or a version of Docker: the same steps give the same bytes.
 */
export function writeBuiltConfig(built: BuiltConfig, created: Date): StoredDocument {
  const { architecture, os, variant, osVersion } = built.platform;
  return describeDocument(
    MEDIA_TYPES.ociConfig,
    writeJson({
      created: createdText(created),
      ...(built.author && { author: built.author }),
      config: dockerContainerConfig(built.config),
      architecture,
      ...(variant && { variant }),
      os,
      rootfs: { type: 'layers', diff_ids: built.diffIDs },
      history: built.history,
      ...(osVersion && { 'os.version': osVersion }),
      ...built.extras,
    }),
  );
}
