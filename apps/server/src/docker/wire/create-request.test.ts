import { describe, expect, test } from 'vitest';
import { createRequest } from './create-request.ts';
import { Fields } from './fields.ts';

const requestOf = (body: Record<string, unknown>) => createRequest(new Fields(body), {});
const optionsOf = (host: Record<string, unknown>, body: Record<string, unknown> = {}) =>
  requestOf({ ...body, HostConfig: host }).options;
/** What a container has that nothing was said about. */
const DEFAULTS = { network: 'host', uts: 'private' };

test('what docker(1) sends when nothing is asked for comes to nothing', () => {
  const host = {
    ...{ Binds: null, ContainerIDFile: '', LogConfig: { Type: '', Config: {} }, NetworkMode: 'default' },
    ...{ PortBindings: {}, RestartPolicy: { Name: 'no', MaximumRetryCount: 0 }, AutoRemove: false },
    ...{ VolumesFrom: null, CapAdd: null, Dns: [], Links: null, IpcMode: '', PidMode: '', ShmSize: 0 },
    ...{ ConsoleSize: [0, 0], Devices: [], DeviceRequests: null, MemorySwappiness: -1, PidsLimit: 0 },
    ...{ Ulimits: [], MaskedPaths: null, ReadonlyPaths: null, BlkioWeightDevice: [] },
  };
  const endpoint = { IPAMConfig: null, Links: null, Aliases: null, MacAddress: '' };
  const request = requestOf({
    ...{ Image: 'app:1', Cmd: ['a', 'b'], Env: null, Volumes: {}, Entrypoint: null, Labels: {} },
    ...{ AttachStdout: true, AttachStderr: true, OpenStdin: false, StdinOnce: false, HostConfig: host },
    NetworkingConfig: { EndpointsConfig: { default: endpoint } },
  });
  expect(request).toEqual({
    image: 'app:1',
    options: { ...DEFAULTS, command: ['a', 'b'] },
    attached: ['stdout', 'stderr'],
    labels: {},
    openStdin: false,
    stdinOnce: false,
  });
});

describe('members of the body', () => {
  test.each([
    { body: { Cmd: 'one' }, options: { command: ['one'] } },
    { body: { Entrypoint: [] }, options: { entrypoint: [''] } },
    {
      body: { Env: ['A=1'], User: 'u', WorkingDir: '/w' },
      options: { env: ['A=1'], user: 'u', workingDir: '/w' },
    },
    {
      body: { Volumes: { '/v': {} }, ExposedPorts: { '80/tcp': {} } },
      options: { volumes: ['/v'], exposedPorts: ['80/tcp'] },
    },
    {
      body: { Healthcheck: { Test: ['NONE'], Retries: 2 } },
      options: { healthcheck: { Test: ['NONE'], Retries: 2 } },
    },
    { body: { NetworkDisabled: true }, options: { network: 'none' } },
  ])('$body', ({ body, options }) => {
    expect(requestOf(body).options).toEqual({ ...DEFAULTS, ...options });
  });

  test('a stop signal and a time to stop are the container’s own', () => {
    expect(requestOf({ StopSignal: 'INT', StopTimeout: 0, HostConfig: { AutoRemove: true } })).toMatchObject({
      ...{ stopSignal: 'INT', stopTimeoutSeconds: 0, autoRemove: true },
    });
  });
});

describe('members of the host’s configuration', () => {
  test.each([
    { host: { NetworkMode: 'host' }, options: { uts: undefined } },
    { host: { NetworkMode: 'bridge' }, options: {} },
    {
      host: { Memory: 64, PidsLimit: -1, NanoCpus: 5 },
      options: { resources: { memoryBytes: 64, pidsLimit: -1, nanoCpus: 5 } },
    },
    { host: { MemorySwappiness: 0 }, options: { resources: { memorySwappiness: 0 } } },
    {
      host: { Binds: ['/a:/b:ro', 'v:/c'] },
      options: {
        mounts: [
          { type: 'bind', source: '/a', target: '/b', createSource: true, readOnly: true },
          { type: 'volume', name: 'v', target: '/c' },
        ],
      },
    },
    {
      host: { Mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 9, Mode: 0o1777 } }] },
      options: { mounts: [{ type: 'tmpfs', target: '/t', options: ['size=9', 'mode=1777'] }] },
    },
    {
      host: {
        Mounts: [
          { Type: 'volume', Target: '/t', Source: 'v', ReadOnly: true, VolumeOptions: { NoCopy: true } },
        ],
      },
      options: { mounts: [{ type: 'volume', target: '/t', name: 'v', noCopy: true, readOnly: true }] },
    },
    {
      host: { Tmpfs: { '/t': 'size=1m,ro' } },
      options: { mounts: [{ type: 'tmpfs', target: '/t', options: ['size=1m', 'ro'] }] },
    },
    { host: { VolumesFrom: ['web:ro'] }, options: { volumesFrom: [{ container: 'web', readOnly: true }] } },
    {
      host: { Devices: [{ PathOnHost: '/dev/x' }] },
      options: { devices: [{ pathOnHost: '/dev/x', pathInContainer: '/dev/x', access: 'rwm' }] },
    },
    {
      host: { Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }] },
      options: { ulimits: [{ name: 'nofile', soft: 1, hard: 2 }] },
    },
    {
      host: { SecurityOpt: ['seccomp={}', 'no-new-privileges'] },
      options: { security: { seccomp: '{}', noNewPrivileges: true } },
    },
    { host: { LogConfig: { Type: 'none' } }, options: { log: { driver: 'none' } } },
    {
      host: { LogConfig: { Config: { 'max-size': '1m' } } },
      options: { log: { driver: 'json-file', options: { 'max-size': '1m' }, maxBytes: 1 << 20 } },
    },
    {
      host: { ConsoleSize: [40, 120], Init: true },
      options: { consoleSize: { rows: 40, columns: 120 }, init: true },
    },
    {
      host: { PidMode: 'host', IpcMode: 'shareable', CgroupnsMode: 'private' },
      options: { pid: 'host', ipc: 'private', cgroupns: 'private' },
    },
  ])('$host', ({ host, options }) => {
    expect({ ...optionsOf(host) }).toEqual({ ...DEFAULTS, ...options });
  });
});

describe('what is not offered is refused in one line', () => {
  test.each([
    { host: { PortBindings: { '80/tcp': [{ HostPort: '80' }] } }, text: 'ports are not published' },
    { host: { PublishAllPorts: true }, text: 'ports are not published' },
    {
      host: { NetworkMode: 'mine' },
      text: 'network mine is not offered: use --network host, or --network none',
    },
    { host: { RestartPolicy: { Name: 'always' } }, text: '--restart always needs a daemon' },
    { host: { RestartPolicy: { Name: 'bad' } }, text: "invalid restart policy 'bad'" },
    { host: { Links: ['a'] }, text: '--link needs a bridge network' },
    { host: { DeviceRequests: [{ Driver: 'nvidia' }] }, text: '--gpus needs a hook' },
    { host: { StorageOpt: { size: '1G' } }, text: '--storage-opt needs quotas' },
    { host: { PidMode: 'container:x' }, text: '--pid container:x is not offered' },
    { host: { MaskedPaths: [] }, text: 'MaskedPaths is not offered' },
    { host: { CpuPercent: 5 }, text: 'CpuPercent is a limit of Windows' },
    { host: { LogConfig: { Type: 'syslog' } }, text: '--log-driver syslog is not offered' },
    { host: { VolumeDriver: 'nfs' }, text: 'the volume driver nfs is not offered' },
    { host: { Mounts: [{ Type: 'npipe', Target: '/x' }] }, text: 'mounts of type npipe are not offered' },
    { host: { Binds: ['rel:path:bad:x'] }, text: "invalid volume specification: 'rel:path:bad:x'" },
    { host: { SecurityOpt: ['nosuch'] }, text: 'invalid --security-opt: "nosuch"' },
  ])('$text', ({ host, text }) => {
    expect(() => optionsOf(host)).toThrow(text);
  });

  test.each([
    { body: { MacAddress: 'aa:bb' }, text: '--mac-address needs a bridge network' },
    { body: { OnBuild: ['RUN x'] }, text: 'OnBuild is not offered for a container' },
    { body: { NetworkingConfig: { EndpointsConfig: { mine: {} } } }, text: 'network mine is not offered' },
    {
      body: { NetworkingConfig: { EndpointsConfig: { default: { Aliases: ['a'] } } } },
      text: '--network-alias',
    },
    { body: { Cmd: 5 }, text: 'json: cannot unmarshal number into Go struct field Cmd of type []string' },
    {
      body: { HostConfig: { Memory: 'x' } },
      text: 'cannot unmarshal string into Go struct field HostConfig.Memory of type int64',
    },
  ])('$text', ({ body, text }) => {
    expect(() => requestOf(body)).toThrow(text);
  });
});
