import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BuildRequest, CreateContainerRequest, Engine } from '@wherry/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { imageId } from '../testing/build-events.ts';
import { withContainers } from '../testing/container-engine.ts';
import { runCli } from '../testing/run-cli.ts';

let DOCKER_CONFIG = '';
beforeAll(async () => {
  DOCKER_CONFIG = await mkdtemp(join(tmpdir(), 'wherry-proxies-'));
  const proxies = { default: { httpProxy: 'http://p:1', noProxy: 'a' } };
  await writeFile(join(DOCKER_CONFIG, 'config.json'), JSON.stringify({ proxies }));
});
afterAll(() => rm(DOCKER_CONFIG, { recursive: true }));

test('containers get the proxies of config.json, unless they are given others', async () => {
  const asked: CreateContainerRequest[] = [];
  const create = (request: CreateContainerRequest) => {
    asked.push(request);
    return Promise.reject(new Error('enough'));
  };
  const setup = { ...withContainers({ create }), env: { DOCKER_CONFIG } };
  await runCli(['create', '-e', 'http_proxy=mine', 'busybox'], setup).catch(() => {});
  expect(asked[0]?.options?.env).toEqual([
    ...['HTTP_PROXY=http://p:1', 'http_proxy=http://p:1', 'NO_PROXY=a', 'no_proxy=a'],
    'http_proxy=mine',
  ]);
});

test('builds get them as arguments', async () => {
  let asked: BuildRequest | undefined;
  const build: Engine['build'] = async (request) => {
    asked = request;
    return { id: imageId('9'), names: [], warnings: [] };
  };
  await runCli(['build', '--build-arg', 'NO_PROXY=b', '.'], { engine: { build }, env: { DOCKER_CONFIG } });
  expect(asked?.buildArgs).toEqual({
    ...{ HTTP_PROXY: 'http://p:1', http_proxy: 'http://p:1', NO_PROXY: 'b', no_proxy: 'a' },
  });
});
