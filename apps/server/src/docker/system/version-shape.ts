import type { SystemInfo } from '@wherry/core';
import { API_VERSION, MIN_API_VERSION } from '../version.ts';

/** What `GET /version` answers. Go and a commit of Docker's have no part in this. */
export function versionShape(info: SystemInfo): object {
  const { architecture, os } = info.platform;
  const details = {
    ApiVersion: API_VERSION,
    Arch: architecture,
    BuildTime: '',
    Experimental: 'false',
    GitCommit: '',
    GoVersion: '',
    KernelVersion: info.kernelVersion,
    MinAPIVersion: MIN_API_VERSION,
    Os: os,
  };
  return {
    Platform: { Name: 'wherry' },
    Components: [
      { Name: 'Engine', Version: info.version, Details: details },
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
