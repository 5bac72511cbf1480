import type { Digest } from '../digest.ts';
import type { ContainerConfig } from '../oci/image-config.ts';
import { arrayAt, type JsonObject, objectAt, optionalStringAt, writeJson } from '../oci/json.ts';
import { dockerContainerConfig } from './container-config.ts';

/** Before this version, Docker wrote fields into its JSON that the ID must not depend on. */
const FIRST_CLEAN_VERSION = [1, 8, 3];

const DROPPED_FIELDS = ['id', 'parent', 'Size', 'parent_id', 'layer_id', 'throwaway'];

/**
 * Makes an image's config of the oldest archives' `<id>/json`, byte for byte as Docker does, so that the
 * image gets the ID that Docker gives it. `history` is of the whole stack, base first.
 * MOBY 20.10 `image/v1/imagev1.go`, `MakeConfigFromV1Config`.
 */
export function legacyConfig(
  v1: JsonObject,
  diffIDs: readonly Digest[],
  history: readonly JsonObject[],
): Uint8Array {
  const version = typeof v1.docker_version === 'string' ? v1.docker_version : '';
  const fields = isBefore(version, FIRST_CLEAN_VERSION) ? knownFields(v1) : v1;
  const kept = Object.entries(fields).filter(([name]) => !DROPPED_FIELDS.includes(name));
  const all = new Map([...kept, ['rootfs', { type: 'layers', diff_ids: diffIDs }], ['history', history]]);
  const sorted = [...all].sort(([a], [b]) => (a < b ? -1 : 1));
  return writeJson(Object.fromEntries(sorted));
}

/** The history entry that stands for one layer of the oldest archives. */
export function legacyHistory(v1: JsonObject, at: string): JsonObject {
  const author = optionalStringAt(v1.author, `${at}.author`);
  const comment = optionalStringAt(v1.comment, `${at}.comment`);
  const container =
    v1.container_config == null ? {} : objectAt(v1.container_config, `${at}.container_config`);
  const command = arrayAt(container.Cmd, `${at}.container_config.Cmd`, 10_000).join(' ');
  return {
    created: createdOf(v1),
    ...(author && { author }),
    ...(command && { created_by: command }),
    ...(comment && { comment }),
  };
}

function knownFields(v1: JsonObject): JsonObject {
  const text = (name: string) => (v1[name] ? { [name]: v1[name] } : {});
  return {
    ...text('comment'),
    created: createdOf(v1),
    ...text('container'),
    container_config: dockerContainerConfig((v1.container_config ?? {}) as ContainerConfig),
    ...text('docker_version'),
    ...text('author'),
    ...(v1.config != null && { config: dockerContainerConfig(v1.config as ContainerConfig) }),
    ...text('architecture'),
    ...text('variant'),
    ...text('os'),
  };
}

function createdOf(v1: JsonObject): string {
  const created = optionalStringAt(v1.created, 'json.created') ?? '0001-01-01T00:00:00Z';
  // Go drops the zeros at a fraction's end.
  return created.replace(/(\.\d*?)0+(?=Z|[+-])/, '$1').replace(/\.(?=Z|[+-])/, '');
}

function isBefore(version: string, limit: readonly number[]): boolean {
  const parts = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  for (const [at, wanted] of limit.entries()) {
    const part = parts[at] ?? 0;
    if (part !== wanted) return part < wanted;
  }
  return false;
}
