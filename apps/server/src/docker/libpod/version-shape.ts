import type { SystemInfo } from '@wherry/core';
import { API_VERSION, MIN_API_VERSION } from '../version.ts';
import { LIBPOD_VERSION, MIN_LIBPOD_VERSION } from './libpod-version.ts';

/** What `GET /libpod/version` answers: podman prints its first component as the server. */
export function libpodVersionShape(info: SystemInfo): object {
  const { architecture, os } = info.platform;
  const details = {
    APIVersion: LIBPOD_VERSION,
    Arch: architecture,
    BuildTime: '',
    Experimental: 'false',
    GitCommit: '',
    GoVersion: '',
    KernelVersion: info.kernelVersion,
    MinAPIVersion: MIN_LIBPOD_VERSION,
    Os: os,
  };
  return {
    Platform: { Name: 'wherry' },
    // The name that podman looks for.
    Components: [{ Name: 'Podman Engine', Version: info.version, Details: details }],
    Version: info.version,
    ApiVersion: API_VERSION,
    MinAPIVersion: MIN_API_VERSION,
    GitCommit: '',
    GoVersion: '',
    Os: os,
    Arch: architecture,
    KernelVersion: info.kernelVersion,
    BuildTime: '',
  };
}
