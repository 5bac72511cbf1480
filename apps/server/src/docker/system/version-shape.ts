import type { SystemInfo } from '@wherry/core';
import { API_VERSION, MIN_API_VERSION } from '../version.ts';

/** What is told of the engine as a component. Go and a commit of Docker's have no part in this. */
export function engineDetails({ platform, kernelVersion }: SystemInfo) {
  return {
    ApiVersion: API_VERSION,
    Arch: platform.architecture,
    BuildTime: '',
    Experimental: 'false',
    GitCommit: '',
    GoVersion: '',
    KernelVersion: kernelVersion,
    MinAPIVersion: MIN_API_VERSION,
    Os: platform.os,
  };
}

/** What `GET /version` answers. */
export function versionShape(info: SystemInfo): object {
  const { architecture, os } = info.platform;
  return {
    Platform: { Name: 'wherry' },
    Components: [
      { Name: 'Engine', Version: info.version, Details: engineDetails(info) },
      { Name: 'node', Version: info.nodeVersion, Details: { GitCommit: '' } },
      { Name: 'sqlite', Version: info.sqliteVersion, Details: { GitCommit: '' } },
    ],
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
