import { makeImageFixture, startMemoryRegistry } from '@wherry/core/testing';
import type { InjectOptions } from 'fastify';
import { openEngineApp } from './engine-app.ts';

export const ACCOUNT = { username: 'ada', password: 'secret' };

/** podman's API over an empty store, and a registry with `team/app:1`, which only the account may read. */
export async function openLibpodApp() {
  const registry = await startMemoryRegistry({ auth: { kind: 'basic', ...ACCOUNT } });
  const fixture = makeImageFixture({
    config: { Cmd: ['/bin/sh'], Labels: { tier: 'web' } },
    layers: [{ base: 'base' }, { app: 'app' }],
  });
  for (const bytes of fixture.blobs.values()) registry.addBlob('team/app', bytes);
  const { descriptor, bytes } = fixture.image.manifest;
  registry.addManifest('team/app', '1', bytes, descriptor.mediaType);
  const opened = await openEngineApp();
  const { app, engine } = opened;
  /** As podman sends it: with all that it has. */
  const headers = authHeader({ 'other.example': { username: 'x', password: 'y' }, [registry.host]: ACCOUNT });
  const send = (method: NonNullable<InjectOptions['method']>, url: string, more: InjectOptions = {}) =>
    app.inject({ method, url: `/v4.3.1/libpod${url}`, headers, ...more });
  return {
    ...{ app, engine, registry, fixture, headers, send },
    /** Without its algorithm. */
    id: fixture.image.config.descriptor.digest.slice('sha256:'.length),
    name: `${registry.host}/team/app`,
    manifest: descriptor,
    get: async (url: string) => (await send('GET', url)).json(),
    pull: () => send('POST', `/images/pull?reference=${encodeURIComponent(`${registry.host}/team/app:1`)}`),
    [Symbol.asyncDispose]: async () => {
      await opened[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
}

export function authHeader(auth: object): Record<string, string> {
  return { 'x-registry-auth': Buffer.from(JSON.stringify(auth)).toString('base64') };
}

/** What a stream of messages told. */
export function messagesOf(text: string): Record<string, unknown>[] {
  return text
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
