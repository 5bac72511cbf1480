import {
  bool,
  encodeJson,
  field,
  type GoType,
  int,
  int64,
  map,
  method,
  named,
  pointer,
  slice,
  string,
  struct,
} from '../src/index.ts';

// The types that the command line of Docker 28.2.2 evaluates templates on, as far as the recordings show them.

const omitEmpty = (type: GoType) => field(type, { omitEmpty: true });
const set = map(string, struct('struct {}', {}));

const time = struct(
  'time.Time',
  {},
  {
    methods: {
      String: (rfc3339: string) =>
        rfc3339.replace(/^(.{10})T(.{8})(\.\d+)?Z$/, (_all, date, clock) => `${date} ${clock} +0000 UTC`),
    },
    marshalJson: (rfc3339: string) => JSON.stringify(rfc3339),
  },
);

const containerConfig = struct('container.Config', {
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
  Cmd: named('strslice.StrSlice', slice(string)),
  Image: string,
  Volumes: set,
  WorkingDir: string,
  Entrypoint: named('strslice.StrSlice', slice(string)),
  OnBuild: slice(string),
  Labels: map(string, string),
});

const healthcheck = struct('v1.HealthcheckConfig', {
  Test: omitEmpty(slice(string)),
  Interval: omitEmpty(named('time.Duration', int64)),
  Timeout: omitEmpty(named('time.Duration', int64)),
  StartPeriod: omitEmpty(named('time.Duration', int64)),
  StartInterval: omitEmpty(named('time.Duration', int64)),
  Retries: omitEmpty(int),
});

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

export const imageInspect = struct('image.InspectResponse', {
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
  GraphDriver: struct('storage.DriverData', { Data: map(string, string), Name: string }),
  RootFS: struct('image.RootFS', { Type: omitEmpty(string), Layers: omitEmpty(slice(string)) }),
  Metadata: struct('image.Metadata', { LastTagTime: omitEmpty(time) }),
  Descriptor: omitEmpty(pointer(struct('v1.Descriptor', {}))),
  Manifests: omitEmpty(slice(struct('image.ManifestSummary', {}))),
});

type Row = Readonly<Record<string, unknown>> & { readonly Labels?: string };

/** A row of a listing: nothing but methods, one for each column, and the JSON of all of them. */
export function rowType(name: string, columns: readonly string[]): GoType {
  const methods = Object.fromEntries(columns.map((column) => [column, (row: Row) => row[column]]));
  const label = method([string], string, (row: Row, key) => labelOf(row.Labels ?? '', key));
  return pointer(
    struct(
      name,
      {},
      {
        methods: { ...methods, ...(columns.includes('Labels') && { Label: label }) },
        marshalJson: (row: Row) => encodeJson(row, { escapeHtml: true }),
      },
    ),
  );
}

function labelOf(labels: string, key: string): string {
  const found = labels.split(',').find((each) => each.startsWith(`${key}=`));
  return found?.slice(key.length + 1) ?? '';
}
