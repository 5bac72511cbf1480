import type { ContainerSummary, SystemInfo } from '@wherry/core';
import { containerCounts } from '../system/info-shape.ts';
import { LIBPOD_VERSION } from './libpod-version.ts';

/** What `GET /libpod/info` answers: members that podman prints and wherry has nothing for are left out. */
export function libpodInfoShape(info: SystemInfo, containers: readonly ContainerSummary[]): object {
  return {
    host: hostPart(info),
    store: storePart(info, containers),
    registries: {},
    plugins: {
      volume: ['local'],
      network: ['host', 'none'],
      log: ['json-file', 'none'],
      authorization: null,
    },
    version: {
      APIVersion: LIBPOD_VERSION,
      Version: info.version,
      GoVersion: '',
      GitCommit: '',
      BuiltTime: '',
      Built: 0,
      OsArch: `${info.platform.os}/${info.platform.architecture}`,
      Os: info.platform.os,
    },
  };
}

function hostPart(info: SystemInfo) {
  return {
    arch: info.platform.architecture,
    cgroupManager: 'cgroupfs',
    cgroupControllers: [],
    cpus: info.cpus,
    distribution: { distribution: info.operatingSystem, version: '' },
    hostname: info.hostname,
    idMappings: { gidmap: null, uidmap: null },
    kernel: info.kernelVersion,
    logDriver: 'json-file',
    memTotal: info.memoryBytes,
    ociRuntime: { name: 'runc', package: '', path: 'runc', version: '' },
    os: info.platform.os,
    remoteSocket: { exists: true },
    security: {},
    serviceIsRemote: true,
    slirp4netns: {},
  };
}

function storePart(info: SystemInfo, containers: readonly ContainerSummary[]) {
  const counts = containerCounts(containers);
  return {
    configFile: info.configFile,
    containerStore: {
      number: counts.Containers,
      paused: counts.ContainersPaused,
      running: counts.ContainersRunning,
      stopped: counts.ContainersStopped,
    },
    graphDriverName: 'wherry',
    graphOptions: {},
    graphRoot: info.root,
    graphStatus: { 'Hash Engine': info.hashEngine },
    imageStore: { number: info.images },
    runRoot: info.root,
  };
}
