import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { digestOf, type TestFile, tarOf } from '../layout.ts';

/** When the bases were made, in seconds since 1970. */
export const BASE_TIME = 1_704_067_200;

/** `cap_net_raw+ep`, as the kernel keeps it. */
const CAPABILITY = Buffer.from('0100000200200000000000000000000000000000', 'hex');

/** What a copy or a command may meet: odd modes and owners, links, names for one file, attributes. */
const FILES: readonly TestFile[] = [
  { path: 'data/', type: '5', mode: 0o750, uid: 5, gid: 6 },
  { path: 'data/old', content: 'old\n', mode: 0o600, uid: 7, gid: 8 },
  { path: 'data/sub/', type: '5', mode: 0o755 },
  { path: 'data/sub/one', content: '1\n' },
  { path: 'data/sub/two', content: '2\n' },
  { path: 'data/.dot', content: 'dot\n' },
  { path: 'file', content: 'base\n', mode: 0o640 },
  { path: 'filelink', type: '2', linkTarget: 'file' },
  { path: 'linked', type: '2', linkTarget: 'data' },
  { path: 'absolute', type: '2', linkTarget: '/data/sub' },
  { path: 'dangling', type: '2', linkTarget: '/nowhere/at/all' },
  { path: 'twin1', content: 'twins\n' },
  { path: 'twin2', type: '1', linkTarget: 'twin1' },
  { path: 'setuid', content: 'x', mode: 0o4755 },
  { path: 'fifo', type: '6' },
  { path: 'pax', type: 'x', content: paxRecord('SCHILY.xattr.security.capability', CAPABILITY) },
  { path: 'capable', content: 'c', mode: 0o755 },
];

const ENV = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'BASE=1'];

/** By name: what cases begin with. */
const CONFIGS: Readonly<Record<string, object>> = {
  'base:1': { Env: ENV, Cmd: ['sh'], Labels: { base: 'yes', over: 'base' } },
  /** Has one of everything that a child inherits. */
  'parent:1': {
    Env: ENV,
    Cmd: ['inherited'],
    Entrypoint: ['/entry'],
    User: 'mail',
    WorkingDir: '/data',
    Volumes: { '/vol': {} },
    ExposedPorts: { '80/tcp': {} },
    Labels: { base: 'yes' },
    StopSignal: 'SIGUSR1',
    Healthcheck: { Test: ['CMD', 'true'], Interval: 5_000_000_000 },
  },
  'trigger:1': {
    Env: ENV,
    Cmd: ['sh'],
    OnBuild: ['ENV FROM_TRIGGER=$BASE', 'COPY f /copied/', 'RUN echo triggered >/trigger'],
  },
};

/** An archive for `docker load` with all bases; `busybox` is the path of a root file system. */
export function baseArchive(busybox: string): Buffer {
  const layers = [gunzipSync(readFileSync(busybox)), tarOf(FILES)];
  const files: TestFile[] = layers.map((content, i) => ({ path: `${i}.tar`, content }));
  const manifest = Object.entries(CONFIGS).map(([name, config]) => {
    const document = JSON.stringify({
      created: new Date(BASE_TIME * 1000).toISOString().replace('.000', ''),
      architecture: 'amd64',
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: layers.map(digestOf) },
      history: layers.map((_, i) => ({ created: '2024-01-01T00:00:00Z', created_by: `layer ${i}` })),
    });
    const path = `${digestOf(document).slice('sha256:'.length)}.json`;
    files.push({ path, content: document });
    return { Config: path, RepoTags: [name], Layers: layers.map((_, i) => `${i}.tar`) };
  });
  return tarOf([...files, { path: 'manifest.json', content: JSON.stringify(manifest) }]);
}

function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length + 2;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
