import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type MemoryRegistry,
  type MemoryRegistryOptions,
  startMemoryRegistry,
} from '../../../testing/memory-registry.ts';
import type { MirrorService } from './mirror-service.ts';
import { openMirrorService } from './open-mirror-service.ts';
import { parseUpstream, type UpstreamSettings } from './upstream.ts';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'wherry-mirror-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

function open(...upstreams: UpstreamSettings[]): Promise<MirrorService> {
  const env = { HOME: home, DOCKER_CONFIG: home, XDG_CONFIG_HOME: home };
  return openMirrorService({ root: join(home, 'root'), env, upstreams, tagTtlMs: 0 });
}

async function withImage(options?: MemoryRegistryOptions): Promise<MemoryRegistry> {
  const registry = await startMemoryRegistry(options);
  const config = registry.addBlob('team/app', Buffer.from('{}'));
  registry.addManifest('team/app', 'v1', { schemaVersion: 2, config, layers: [] });
  return registry;
}

describe('an upstream', () => {
  test('is asked with the credentials of where it is', async () => {
    await using registry = await withImage({
      auth: { kind: 'basic', username: 'user', password: 'secret' },
    });
    const of = { upstream: 'private.example', repository: 'team/app' };
    const settings = { name: 'private.example', location: `http://${registry.host}` };
    const refused = await open(settings);
    await expect(refused.findManifest(of, 'v1')).rejects.toMatchObject({ code: 'DENIED' });
    await refused.close();
    const auth = Buffer.from('user:secret').toString('base64');
    await writeFile(join(home, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
    const mirror = await open(settings);
    expect(await mirror.findManifest(of, 'v1')).toBeDefined();
    await mirror.close();
  });

  test('is asked itself, past the mirrors that the configuration has for it', async () => {
    await using registry = await withImage();
    await using mirrorOfIt = await startMemoryRegistry();
    const rule = [
      `[[registry]]\nprefix = "${registry.host}"\ninsecure = true`,
      `[[registry.mirror]]\nlocation = "${mirrorOfIt.host}"\ninsecure = true`,
    ].join('\n');
    await mkdir(join(home, 'wherry'));
    await writeFile(join(home, 'wherry', 'config.toml'), rule);
    const mirror = await open({ name: registry.host });
    const found = await mirror.findManifest({ upstream: registry.host, repository: 'team/app' }, 'v1');
    expect(found).toBeDefined();
    expect(mirrorOfIt.requests).toEqual([]);
    await mirror.close();
  });
});

test.each([
  { text: 'docker.io', settings: { name: 'docker.io' } },
  { text: 'GHCR.io', settings: { name: 'ghcr.io' } },
  { text: '127.0.0.1:5001', settings: { name: '127.0.0.1:5001' } },
  { text: 'hub=http://10.0.0.1:5000', settings: undefined },
  { text: 'a.b=http://10.0.0.1:5000/x', settings: { name: 'a.b', location: 'http://10.0.0.1:5000/x' } },
  { text: 'docker.io/library', settings: undefined },
  { text: 'a.b=', settings: undefined },
  { text: '', settings: undefined },
  { text: 'a.b=ftp://c d', settings: undefined },
])('$text is read as an upstream', ({ text, settings }) => {
  if (settings) expect(parseUpstream(text)).toEqual(settings);
  else expect(() => parseUpstream(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});
