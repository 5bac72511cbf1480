import { collect } from '../bytes/collect.ts';
import { NOT_TAGGED_HERE } from '../metadata/metadata-store.ts';
import { parseImageConfig } from '../oci/image-config.ts';
import type { ImageInspection, PlatformChoice } from './engine.ts';
import { familiarNames } from './images.ts';
import { resolveImage } from './resolve.ts';
import { chosenImage, namesOfChosen } from './selection/chosen-image.ts';
import { MAX_CONFIG_BYTES } from './store/documents.ts';
import type { Store } from './store/store.ts';

const ZERO_TIME = '0001-01-01T00:00:00Z';

/**
 * Describes an image as Docker's Engine API does (`GET /images/{name}/json`, API 1.41), field for field. Throws
 * `IMAGE_UNKNOWN`, `PLATFORM_UNKNOWN`.
 */
export async function inspect(
  deps: { readonly store: Store },
  image: string,
  { platform }: PlatformChoice = {},
): Promise<ImageInspection> {
  const { metadata, blobs } = deps.store;
  const resolved = resolveImage(metadata, image);
  const facts = await chosenImage(deps.store, resolved, platform, image);
  const raw = parseImageConfig(await collect(blobs.read(facts.id), MAX_CONFIG_BYTES)) as Record<
    string,
    unknown
  >;
  const names = namesOfChosen(metadata, resolved, facts.id);
  const tagged = names.filter((name) => name.ref.tag !== undefined).map((name) => name.taggedAt.getTime());
  const lastTagged = Math.max(NOT_TAGGED_HERE.getTime(), ...tagged);
  const lastHistory = Array.isArray(raw.history) ? raw.history.at(-1) : undefined;
  return {
    Id: facts.id,
    RepoTags: familiarNames(names, 'tag'),
    RepoDigests: familiarNames(names, 'digest'),
    Parent: facts.parent ?? '',
    Comment: text(raw.comment) || text(lastHistory?.comment),
    Created: goTime(facts.created),
    Container: text(raw.container),
    ContainerConfig: containerConfig(raw.container_config),
    DockerVersion: text(raw.docker_version),
    Author: text(raw.author),
    Config: containerConfig(raw.config),
    Architecture: facts.platform.architecture,
    ...(facts.platform.variant && { Variant: facts.platform.variant }),
    Os: facts.platform.os,
    ...(facts.platform.osVersion && { OsVersion: facts.platform.osVersion }),
    Size: facts.size,
    VirtualSize: facts.size,
    GraphDriver: { Data: null, Name: 'wherry' },
    RootFS: {
      Type: 'layers',
      ...(facts.layers.length > 0 && { Layers: facts.layers.map((layer) => layer.diffID) }),
    },
    Metadata: {
      LastTagTime:
        lastTagged > NOT_TAGGED_HERE.getTime() ? goTime(new Date(lastTagged).toISOString()) : ZERO_TIME,
    },
  };
}

/** Go prints a time without trailing zeros in its fraction. */
export function goTime(created: string | undefined): string {
  if (created === undefined) return ZERO_TIME;
  return created.replace(/(\.\d*?)0+(?=[Z+-])/, '$1').replace(/\.(?=[Z+-])/, '');
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The fields of Docker's container config, in its order, with Go's zero values for what is absent. */
export function containerConfig(value: unknown): Record<string, unknown> {
  const config = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const optional = (name: string) => (config[name] == null ? {} : { [name]: config[name] });
  return {
    Hostname: text(config.Hostname),
    Domainname: text(config.Domainname),
    User: text(config.User),
    AttachStdin: config.AttachStdin === true,
    AttachStdout: config.AttachStdout === true,
    AttachStderr: config.AttachStderr === true,
    ...(config.ExposedPorts != null && { ExposedPorts: sortedKeys(config.ExposedPorts) }),
    Tty: config.Tty === true,
    OpenStdin: config.OpenStdin === true,
    StdinOnce: config.StdinOnce === true,
    Env: config.Env ?? null,
    Cmd: config.Cmd ?? null,
    ...(config.Healthcheck != null && { Healthcheck: healthcheck(config.Healthcheck) }),
    ...(config.ArgsEscaped === true && { ArgsEscaped: true }),
    Image: text(config.Image),
    Volumes: sortedKeys(config.Volumes),
    WorkingDir: text(config.WorkingDir),
    Entrypoint: config.Entrypoint ?? null,
    ...(config.NetworkDisabled === true && { NetworkDisabled: true }),
    ...(text(config.MacAddress) && { MacAddress: config.MacAddress }),
    OnBuild: config.OnBuild ?? null,
    Labels: sortedKeys(config.Labels),
    ...(text(config.StopSignal) && { StopSignal: config.StopSignal }),
    ...optional('StopTimeout'),
    ...optional('Shell'),
  };
}

const HEALTHCHECK_FIELDS = ['Test', 'Interval', 'Timeout', 'StartPeriod', 'Retries'];

/** Fields in Docker's order, whatever order the config has them in; what has Go's zero value is left out. */
function healthcheck(value: unknown): Record<string, unknown> {
  const given = value as Record<string, unknown>;
  const known = HEALTHCHECK_FIELDS.filter((name) => given[name]).map((name) => [name, given[name]]);
  const others = Object.entries(given).filter(([name]) => !HEALTHCHECK_FIELDS.includes(name));
  return Object.fromEntries([...known, ...others]);
}

/** Go writes maps in the order of their keys. */
function sortedKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return null;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
