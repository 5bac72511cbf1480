import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tarOf } from './layout.ts';
import { runWith, Sandbox, startService, tryRun } from './wherry.ts';

/** Clients that package managers and Docker itself put there: of different ages, where both are. */
const CLIENTS = ['/usr/bin/docker', '/usr/local/bin/docker'].filter((path) => existsSync(path));
const LONG_MS = 120_000;

/** Docker's own client does not know that there is no Docker behind it. */
describe.skipIf(CLIENTS.length === 0)('wherry serve as the engine of docker(1)', () => {
  const sandbox = new Sandbox();
  const socket = sandbox.file('docker.sock');
  let service: Awaited<ReturnType<typeof startService>>;
  let registry: Awaited<ReturnType<typeof startService>>;

  beforeAll(async () => {
    service = await startService(sandbox, sandbox.directory('engine'), '--addr', `unix://${socket}`);
    registry = await startService(sandbox, sandbox.directory('registry'));
  }, LONG_MS);
  afterAll(async () => {
    await service?.stop();
    await registry?.stop();
    sandbox[Symbol.dispose]();
  });

  function setUp(client: string) {
    const env = { ...sandbox.environment, DOCKER_HOST: `unix://${socket}` };
    return {
      docker: (...args: string[]) => runWith({ env }, client, ...args),
      dockerWith: (input: Uint8Array, ...args: string[]) => runWith({ env, input }, client, ...args),
      fails: (...args: string[]) => tryRun({ env }, client, ...args),
    };
  }

  test('is not open to every program of the machine', async () => {
    const answer = await fetch(`http://${service.address}/v1.51/images/json`);
    expect([answer.status, await answer.json()]).toEqual([
      403,
      { message: expect.stringContaining('the Engine API takes a Unix socket') },
    ]);
  });

  test.each(CLIENTS)('%s carries images about', { timeout: LONG_MS }, async (client) => {
    const { docker, dockerWith } = setUp(client);
    const since = String(Math.floor(Date.now() / 1000));
    const name = `${registry.address}/team/app-${CLIENTS.indexOf(client)}`;
    const tar = tarOf([{ path: 'etc/hello', content: `hello ${CLIENTS.indexOf(client)}\n` }]);
    const id = (await dockerWith(tar, 'import', '-c', 'LABEL tier=web', '-m', 'made', '-', 'made:1')).trim();
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    await docker('tag', 'made:1', `${name}:1`);
    expect(await docker('push', `${name}:1`)).toMatch(/: Pushed\n1: digest: sha256:[0-9a-f]{64} size: \d+\n/);
    const table = await docker('images', '--format', '{{.Repository}}:{{.Tag}} {{.Size}}');
    expect(table.split('\n')).toEqual(expect.arrayContaining(['made:1 8B', `${name}:1 8B`]));
    expect(await docker('images', '-q', '--no-trunc', '--filter', 'label=tier=web', 'made')).toBe(`${id}\n`);
    const [inspected] = JSON.parse(await docker('inspect', 'made:1'));
    expect(inspected).toMatchObject({ Id: id, Comment: 'made', Config: { Labels: { tier: 'web' } } });
    expect(await docker('history', '--format', '{{.Size}} {{.Comment}}', 'made:1')).toBe('8B made\n');

    const archive = sandbox.file('saved.tar');
    await docker('save', '-o', archive, 'made:1');
    expect(await docker('rmi', 'made:1')).toBe('Untagged: made:1\n');
    expect(await docker('rmi', '-f', id)).toContain(`Deleted: ${id}\n`);
    expect(await docker('load', '-i', archive)).toBe('Loaded image: made:1\n');
    await docker('rmi', 'made:1');
    const pulled = await docker('pull', `${name}:1`);
    expect(pulled).toContain(`Status: Downloaded newer image for ${name}:1\n`);
    expect(await docker('pull', '-q', `${name}:1`)).toBe(`${name}:1\n`);
    expect(await docker('search', '--format', '{{.Name}}', `${registry.address}/team`)).toContain(
      'team/app-',
    );
    expect(await docker('system', 'df', '--format', '{{.Type}} {{.TotalCount}}')).toContain('Images 1\n');
    await docker('rmi', `${name}:1`);
    expect(await docker('image', 'prune', '-f')).toBe('Total reclaimed space: 0B\n');
    const until = String(Math.floor(Date.now() / 1000) + 1);
    const format = ['--format', '{{.Action}}', '--filter', 'type=image'];
    const actions = (await docker('events', '--since', since, '--until', until, ...format))
      .trim()
      .split('\n');
    for (const action of ['import', 'tag', 'push', 'save', 'untag', 'delete', 'load', 'pull', 'prune'])
      expect(actions).toContain(action);
  });

  test.each(CLIENTS)('%s is told of the service, and what it cannot do', async (client) => {
    const { docker, fails } = setUp(client);
    expect(await docker('version', '--format', '{{.Server.APIVersion}} {{.Server.Os}}')).toBe('1.51 linux\n');
    expect(await docker('info', '--format', '{{.Driver}} {{.Swarm.LocalNodeState}}')).toBe(
      'wherry inactive\n',
    );
    const missing = await fails('pull', `${registry.address}/team/nosuch:1`);
    expect([missing.status, missing.stderr]).toEqual([1, expect.stringContaining('manifest unknown')]);
    expect((await fails('inspect', 'nosuch')).stderr).toMatch(/No such object: nosuch/i);
    const swarm = await fails('swarm', 'init');
    expect([swarm.status, swarm.stderr]).toEqual([1, expect.stringContaining('swarm mode is not supported')]);
    expect((await fails('plugin', 'ls')).status).toBe(0);
  });
});
