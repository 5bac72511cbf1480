import {
  bool,
  field,
  type GoType,
  int,
  int64,
  map,
  named,
  pointer,
  slice,
  string,
  struct,
} from '@wherry/gotemplate';

// What Docker's client 28 makes of an image's JSON: moby, `api/types/image`, `container` and `storage`, and
// moby/docker-image-spec.

export const omitEmpty = (type: GoType) => field(type, { omitEmpty: true });
const set = map(string, struct('struct {}', {}));
export const command = named('strslice.StrSlice', slice(string));
const duration = named('time.Duration', int64);

/** Its data is a time of RFC 3339 in UTC. */
const time = struct(
  'time.Time',
  {},
  {
    methods: { String: (rfc3339: string) => rfc3339.replace(/^(.{10})T(.*)Z$/, '$1 $2 +0000 UTC') },
    marshalJson: (rfc3339: string) => JSON.stringify(rfc3339),
  },
);

const healthcheck = struct('v1.HealthcheckConfig', {
  Test: omitEmpty(slice(string)),
  Interval: omitEmpty(duration),
  Timeout: omitEmpty(duration),
  StartPeriod: omitEmpty(duration),
  StartInterval: omitEmpty(duration),
  Retries: omitEmpty(int),
});

/** How containers are started: of an image, and of a container. */
export const containerConfig = struct('container.Config', {
  Hostname: string,
  Domainname: string,
  User: string,
  AttachStdin: bool,
  AttachStdout: bool,
  AttachStderr: bool,
  ExposedPorts: omitEmpty(set),
  Tty: bool,
  OpenStdin: bool,
  StdinOnce: bool,
  Env: slice(string),
  Cmd: command,
  Healthcheck: omitEmpty(pointer(healthcheck)),
  ArgsEscaped: omitEmpty(bool),
  Image: string,
  Volumes: set,
  WorkingDir: string,
  Entrypoint: command,
  NetworkDisabled: omitEmpty(bool),
  MacAddress: omitEmpty(string),
  OnBuild: slice(string),
  Labels: map(string, string),
  StopSignal: omitEmpty(string),
  StopTimeout: omitEmpty(pointer(int)),
  Shell: omitEmpty(command),
});

export const driverData = struct('storage.DriverData', { Data: map(string, string), Name: string });

const imageConfig = struct('v1.ImageConfig', {
  User: omitEmpty(string),
  ExposedPorts: omitEmpty(set),
  Env: omitEmpty(slice(string)),
  Entrypoint: omitEmpty(slice(string)),
  Cmd: omitEmpty(slice(string)),
  Volumes: omitEmpty(set),
  WorkingDir: omitEmpty(string),
  Labels: omitEmpty(map(string, string)),
  StopSignal: omitEmpty(string),
  ArgsEscaped: omitEmpty(bool),
});

const imageConfigExtension = struct('v1.DockerOCIImageConfigExt', {
  Healthcheck: omitEmpty(pointer(healthcheck)),
  OnBuild: omitEmpty(slice(string)),
  Shell: omitEmpty(slice(string)),
});

/** The type of what `docker image inspect` evaluates a template on. */
export const imageInspection = struct('image.InspectResponse', {
  ID: field(string, { json: 'Id' }),
  RepoTags: slice(string),
  RepoDigests: slice(string),
  Parent: string,
  Comment: string,
  Created: omitEmpty(string),
  Container: omitEmpty(string),
  ContainerConfig: omitEmpty(pointer(containerConfig)),
  DockerVersion: string,
  Author: string,
  Config: pointer(
    struct('v1.DockerOCIImageConfig', {
      ImageConfig: field(imageConfig, { embedded: true }),
      DockerOCIImageConfigExt: field(imageConfigExtension, { embedded: true }),
    }),
  ),
  Architecture: string,
  Variant: omitEmpty(string),
  Os: string,
  OsVersion: omitEmpty(string),
  Size: int64,
  VirtualSize: omitEmpty(int64),
  GraphDriver: driverData,
  RootFS: struct('image.RootFS', { Type: omitEmpty(string), Layers: omitEmpty(slice(string)) }),
  Metadata: struct('image.Metadata', { LastTagTime: omitEmpty(time) }),
  Descriptor: omitEmpty(pointer(struct('v1.Descriptor', {}))),
  Manifests: omitEmpty(slice(struct('image.ManifestSummary', {}))),
});
