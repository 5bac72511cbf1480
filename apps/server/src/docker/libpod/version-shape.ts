import type { SystemInfo } from '@wherry/core';
import { engineDetails, versionShape } from '../system/version-shape.ts';
import { LIBPOD_VERSION, MIN_LIBPOD_VERSION } from './libpod-version.ts';

/** What `GET /libpod/version` answers: podman prints its first component, of which it knows the name, as the server. */
export function libpodVersionShape(info: SystemInfo): object {
  const { ApiVersion: _, ...details } = engineDetails(info);
  const versions = { APIVersion: LIBPOD_VERSION, MinAPIVersion: MIN_LIBPOD_VERSION };
  const engine = { Name: 'Podman Engine', Version: info.version, Details: { ...details, ...versions } };
  return { ...versionShape(info), Components: [engine] };
}
