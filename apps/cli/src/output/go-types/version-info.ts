import { field, type GoValue, pointer, string, struct, typed } from '@wherry/gotemplate';

/** What `wherry version` tells, under Docker's names where Docker has one. */
export interface ClientVersion {
  readonly Version: string;
  readonly NodeVersion: string;
  readonly SqliteVersion: string;
  /** Go's names of system and processor. */
  readonly Os: string;
  readonly Arch: string;
}

const clientVersion = struct('system.clientVersion', {
  Version: string,
  NodeVersion: string,
  SqliteVersion: field(string, { omitEmpty: true }),
  Os: string,
  Arch: string,
});

const serverVersion = struct('types.Version', {
  Version: string,
  APIVersion: field(string, { json: 'ApiVersion' }),
  MinAPIVersion: string,
  GitCommit: string,
  GoVersion: string,
  Os: string,
  Arch: string,
  KernelVersion: string,
  BuildTime: string,
});

/** There is no server: a template that asks for one gets the error of a client that finds none. */
const versionInfo = struct('system.versionInfo', {
  Client: clientVersion,
  Server: pointer(serverVersion),
});

export function versionValue(client: ClientVersion): GoValue {
  return typed(versionInfo, { Client: client, Server: null });
}
