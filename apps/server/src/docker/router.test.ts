import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from '@wherry/core';
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../test/memory-backend.ts';
import { buildApp } from '../app.ts';
import { SILENT } from '../operating/logger.ts';
import { RunningRequests } from '../running-requests.ts';

test('the engine answers beside the registry, with and without a version', async () => {
  const root = await mkdtemp(join(tmpdir(), 'wherry-docker-'));
  try {
    await using engine = await openEngine({ root });
    const registry = new MemoryBackend();
    const app = buildApp({ registry, engine }, { log: SILENT, running: new RunningRequests() });
    for (const url of ['/_ping', '/v1.24/_ping', '/v1.51/_ping']) {
      const answer = await app.inject(url);
      expect([answer.statusCode, answer.body, answer.headers['api-version']]).toEqual([200, 'OK', '1.51']);
    }
    const tooNew = await app.inject('/v1.52/_ping');
    expect([tooNew.statusCode, tooNew.json()]).toEqual([
      400,
      { message: 'client version 1.52 is too new. Maximum supported API version is 1.51' },
    ]);
    expect((await app.inject('/v2/')).statusCode).toBe(200);
    await app.close();
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
