import { type Digest, isWherryError } from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../test/memory-backend.ts';
import type { Caller, Right } from '../access/caller.ts';
import { createServer } from '../server.ts';
import { requireRight } from './rights.ts';

const DIGEST = `sha256:${'0'.repeat(64)}` as Digest;

let app: FastifyInstance;
let backend: MemoryBackend;
let caller: Caller;

beforeEach(() => {
  backend = new MemoryBackend();
  app = createServer(backend);
  app.addHook('onRequest', async (request) => {
    request.caller = caller;
  });
});
afterEach(() => app.close());

/** Somebody with some rights in the repository `app` alone. */
function callerWith(...rights: Right[]): Caller {
  return {
    name: 'ann',
    may: (right, name) => name === 'app' && rights.includes(right),
    ownsStore: false,
    mayUseEngine: false,
  };
}

describe.each([
  { method: 'GET', path: `blobs/${DIGEST}`, right: 'pull' },
  { method: 'HEAD', path: `blobs/${DIGEST}`, right: 'pull' },
  { method: 'DELETE', path: `blobs/${DIGEST}`, right: 'delete' },
  { method: 'GET', path: 'manifests/x', right: 'pull' },
  { method: 'HEAD', path: 'manifests/x', right: 'pull' },
  { method: 'PUT', path: 'manifests/x', right: 'push' },
  { method: 'DELETE', path: 'manifests/x', right: 'delete' },
  { method: 'POST', path: 'blobs/uploads/', right: 'push' },
  { method: 'GET', path: 'blobs/uploads/1', right: 'push' },
  { method: 'PATCH', path: 'blobs/uploads/1', right: 'push' },
  { method: 'PUT', path: 'blobs/uploads/1', right: 'push' },
  { method: 'DELETE', path: 'blobs/uploads/1', right: 'push' },
  { method: 'GET', path: 'tags/list', right: 'pull' },
  { method: 'GET', path: `referrers/${DIGEST}`, right: 'pull' },
] as const)('$method $path', ({ method, path, right }) => {
  const others = (['pull', 'push', 'delete'] as const).filter((one) => one !== right);

  test(`needs the right to ${right}`, async () => {
    caller = callerWith(right);
    expect([401, 403]).not.toContain((await app.inject({ method, url: `/v2/app/${path}` })).statusCode);
    const elsewhere = await app.inject({ method, url: `/v2/other/${path}` });
    expect(elsewhere.statusCode).toBe(403);
    caller = callerWith(...others);
    const refused = await app.inject({ method, url: `/v2/app/${path}` });
    expect(refused.statusCode).toBe(403);
    if (method !== 'HEAD') expect(refused.json().errors[0].code).toBe('DENIED');
  });

  test('asks a caller without a name who that is', async () => {
    caller = { may: () => false, ownsStore: false, mayUseEngine: false };
    const refused = await app.inject({ method, url: `/v2/app/${path}` });
    expect(refused.statusCode).toBe(401);
    if (method !== 'HEAD') expect(refused.json().errors[0].code).toBe('UNAUTHORIZED');
  });
});

test('a refusal says which right is missing where, for a challenge', () => {
  const nobody: Caller = { may: () => false, ownsStore: false, mayUseEngine: false };
  try {
    requireRight(nobody, { kind: 'tags', name: 'team/app' }, 'GET');
    expect.unreachable();
  } catch (error) {
    if (!isWherryError(error, 'UNAUTHORIZED')) throw error;
    expect(error.details).toEqual({ repository: 'team/app', right: 'pull' });
  }
});

test('lists of repositories leave out what the caller may not pull', async () => {
  for (const name of ['app', 'apple']) backend.tags.set(name, new Map([['1', DIGEST]]));
  caller = callerWith('pull');
  expect((await app.inject('/v2/_catalog')).json()).toEqual({ repositories: ['app'] });
  const found = (await app.inject('/v1/search?q=app')).json();
  expect(found.results.map(({ name }: { name: string }) => name)).toEqual(['app']);
});
