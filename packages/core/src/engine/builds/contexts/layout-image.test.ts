import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseDigest } from '../../../digest.ts';
import { parseReference } from '../../../reference.ts';
import { EngineSandbox } from '../../../testing/engine-sandbox.ts';
import type { NamedContext } from '../../build-request.ts';
import type { Engine } from '../../engine.ts';

const PLATFORMS = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));

let sandbox: EngineSandbox;
let engine: Engine;
let layout: string;
beforeEach(async () => {
  sandbox = new EngineSandbox();
  engine = sandbox.engine();
  layout = await makeLayout();
});
afterEach(() => sandbox[Symbol.asyncDispose]());

function contextOf(name: string, dockerfile: string) {
  const path = join(sandbox.directory, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'Dockerfile'), dockerfile);
  return { kind: 'directory', path } as const;
}

/** For two platforms, made in a store of its own. */
async function makeLayout(): Promise<string> {
  const archive = join(sandbox.directory, 'layout.tar');
  const directory = join(sandbox.directory, 'layout');
  mkdirSync(directory);
  const context = contextOf(
    'of-layout',
    'FROM scratch\nARG TARGETARCH\nENV ARCH=$TARGETARCH\nCOPY Dockerfile /it\n',
  );
  const outputs = [{ kind: 'oci', to: archive, names: [parseReference('base:1')] }] as const;
  const other = sandbox.engine({ root: join(sandbox.directory, 'other') });
  await other.build({ context, platforms: PLATFORMS, outputs });
  execFileSync('tar', ['-xf', archive, '-C', directory]);
  return directory;
}

/** The only entry of the layout's index: itself an index. */
function rootDigest(): string {
  return JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')).manifests[0].digest;
}

async function build(
  base: Omit<Extract<NamedContext, { kind: 'layout' }>, 'kind' | 'path'>,
  architecture = 'amd64',
) {
  const context = contextOf('context', 'FROM base\nCOPY --from=base /it /copy\n');
  const { id } = await engine.build({
    context,
    namedContexts: { base: { kind: 'layout', path: layout, ...base } },
    platforms: [{ os: 'linux', architecture }],
  });
  return engine.inspect(String(id));
}

test('a layout stands for an image, by tag or digest, and gets no name', async () => {
  const byTag = await build({ tag: '1' });
  expect(byTag.Config).toMatchObject({ Env: expect.arrayContaining(['ARCH=amd64']) });
  expect(byTag.RootFS).toMatchObject({ Layers: [expect.anything(), expect.anything()] });
  expect((await build({ digest: parseDigest(rootDigest()) })).Id).toBe(byTag.Id);
  const { Config } = await build({ tag: '1' }, 'arm64');
  expect(Config).toMatchObject({ Env: expect.arrayContaining(['ARCH=arm64']) });
  const names = (await engine.images()).flatMap(({ repoTags }) => repoTags);
  expect(names).toEqual([]);
  expect((await engine.check({})).faults).toEqual([]);
});

test('what a layout lacks is told', async () => {
  await expect(build({})).rejects.toMatchObject({
    code: 'IMAGE_UNKNOWN',
    hint: expect.stringContaining('1'),
  });
  await expect(build({ digest: parseDigest(`sha256:${'0'.repeat(64)}`) })).rejects.toMatchObject({
    code: 'IMAGE_UNKNOWN',
  });
  await expect(build({ tag: '1' }, 's390x')).rejects.toMatchObject({ code: 'PLATFORM_UNKNOWN' });
  rmSync(join(layout, 'blobs'), { recursive: true });
  await expect(build({ tag: '1' })).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
});

test('bytes that are not those of their digest are refused', async () => {
  const index = JSON.parse(readFileSync(join(layout, 'blobs/sha256', rootDigest().slice(7)), 'utf8'));
  const manifest = JSON.parse(
    readFileSync(join(layout, 'blobs/sha256', index.manifests[0].digest.slice(7)), 'utf8'),
  );
  const path = join(layout, 'blobs/sha256', manifest.layers[0].digest.slice(7));
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  await expect(build({ tag: '1' })).rejects.toThrow(/digest|corrupt|invalid/i);
  expect((await engine.check({})).faults).toEqual([]);
});
