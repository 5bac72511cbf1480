import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerd } from '../bench/peers.ts';
import type { Client } from './clients/client.ts';
import { dockerClient, fillDocker } from './clients/docker.ts';
import { Trial, tableOf } from './clients/matrix.ts';
import { podmanClient } from './clients/podman.ts';
import { skopeoClient } from './clients/skopeo.ts';
import { umociClient } from './clients/umoci.ts';
import { wherryClient } from './clients/wherry.ts';
import { tarOf, writeImage } from './layout.ts';
import { describeWith } from './needs.ts';
import { ServiceProcess } from './service-process.ts';
import { run, runWith, Sandbox, WHERRY } from './wherry.ts';
import { WrittenPart } from './written-part.ts';

const TABLE = new WrittenPart(
  new URL('../docs/compatibility.md', import.meta.url),
  'clients of the registry',
);
const ADA = `Basic ${Buffer.from('ada:ada-secret').toString('base64')}`;
const AMD64 = { os: 'linux', architecture: 'amd64' };

/** `ada` may do all in `team` and `own`, `bob` pulls from `team`; `open` is everybody's, `read` everybody's to read. */
const RULES = `
[[access.rule]]
repositories = "team/*"
users = ["ada"]
rights = ["pull", "push", "delete"]
[[access.rule]]
repositories = "own/*"
users = ["ada"]
rights = ["pull", "push"]
[[access.rule]]
repositories = "team/*"
users = ["bob"]
rights = ["pull"]
[[access.rule]]
repositories = "open/*"
users = ["anonymous"]
rights = ["pull", "push", "delete"]
[[access.rule]]
repositories = "read/*"
users = ["anonymous"]
rights = ["pull"]
`;

/** Files of settings in one directory, and so with the same accounts. */
async function accessFiles(sandbox: Sandbox): Promise<{ readonly basic: string; readonly token: string }> {
  const directory = sandbox.directory('access');
  const files = { basic: join(directory, 'basic.toml'), token: join(directory, 'token.toml') };
  const settings = (challenge: string) => `[access]\nusers = "users"\nchallenge = "${challenge}"\n${RULES}`;
  await writeFile(files.basic, settings('basic'));
  await writeFile(files.token, settings('bearer'));
  for (const name of ['ada', 'bob'])
    await runWith(
      { env: sandbox.environment, input: `${name}-secret\n` },
      process.execPath,
      ...[WHERRY, 'serve', 'users', 'add', name, '--password-stdin', '--access', files.basic],
    );
  return files;
}

describeWith(
  { programs: ['skopeo', 'podman', 'umoci', 'docker', 'dockerd'], root: true, linux: true },
  'clients of the registry',
  () => {
    const sandbox = new Sandbox();
    const tar = tarOf([{ path: 'pushed', content: 'by a client\n' }]);
    const services: ServiceProcess[] = [];
    let docker: Peer;
    /** Where docker finds wherry in the place of its daemon. */
    const engine = `unix://${sandbox.file('engine.sock')}`;
    let open: ServiceProcess;
    let basic: ServiceProcess;
    let token: ServiceProcess;

    beforeAll(async () => {
      docker = await startDockerd(sandbox.directory('dockerd'));
      const files = await accessFiles(sandbox);
      const serve = async (address: string, ...args: string[]) => {
        const root = sandbox.directory('store');
        const service = await ServiceProcess.start(sandbox, ['--addr', address, ...args], { root });
        services.push(service);
        return service;
      };
      [open, basic, token] = await Promise.all([
        serve('127.0.0.1:0'),
        serve('127.0.0.1:0', '--access', files.basic),
        serve('127.0.0.1:0', '--access', files.token),
        serve(engine),
      ]);
      for (const daemon of [docker.address, engine]) await fillDocker(daemon, tar);
    });
    afterAll(async () => {
      for (const service of services) await service.stop();
      await docker?.stop();
      sandbox[Symbol.dispose]();
    });

    /** Clients that know nothing of each other, and of no other trial. */
    async function clients(): Promise<readonly Client[]> {
      const layout = sandbox.directory('layout');
      await writeImage(layout, { platform: AMD64, layers: [tar] });
      return [
        dockerClient(sandbox, 'docker', docker.address),
        dockerClient(sandbox, 'docker-wherry', engine),
        await podmanClient(sandbox, tar),
        skopeoClient(sandbox, layout),
        wherryClient(sandbox, layout),
      ];
    }

    /** Puts an image that no client has yet where one pulls it. */
    async function seed(...references: readonly string[]): Promise<void> {
      const layout = sandbox.directory('seed');
      const content = `seed of ${references.join()}\n`;
      await writeImage(layout, { platform: AMD64, layers: [tarOf([{ path: 'seed', content }])] });
      const flags = ['-q', '--dest-tls-verify=false', '--dest-creds', 'ada:ada-secret'];
      for (const reference of references)
        await run('skopeo', 'copy', ...flags, `oci:${layout}:latest`, `docker://${reference}`);
    }

    /** What takes no more than the right to do it, in a repository of the client's own below `room`. */
    async function tryVerbs(trial: Trial, client: Client, room: string, seeded: string): Promise<void> {
      const address = room.slice(0, room.indexOf('/'));
      const path = `${room.slice(room.indexOf('/') + 1)}/${client.name}`;
      const repository = `${room}/${client.name}`;
      await trial.works('push', client.push(`${repository}:first`));
      await trial.works('pull', client.pull(seeded));
      if (client.tags) await trial.works('tags', client.tags(repository), 'first');
      if (client.search) await trial.works('search', client.search(address, client.name), path);
      if (client.delete) {
        await trial.works('delete', client.delete(`${repository}:first`));
        const headers = { authorization: ADA };
        const left = await fetch(`http://${address}/v2/${path}/manifests/first`, { method: 'HEAD', headers });
        expect([client.name, left.status]).toEqual([client.name, 404]);
      }
    }

    async function tryOpen(): Promise<Trial[]> {
      const trials: Trial[] = [];
      const seeded = `${open.address()}/team/seed:1`;
      await seed(seeded);
      const layout = sandbox.directory('layout');
      await writeImage(layout, { platform: AMD64, layers: [tar] });
      for (const client of [...(await clients()), umociClient(sandbox, layout)]) {
        const trial = new Trial(client.name, 'not asked for');
        await tryVerbs(trial, client, `${open.address()}/team`, seeded);
        trials.push(trial);
      }
      return trials;
    }

    async function tryAnonymous(): Promise<Trial[]> {
      const trials: Trial[] = [];
      const address = token.address();
      await seed(`${address}/open/seed:1`, `${address}/own/unseen:1`);
      for (const client of await clients()) {
        const trial = new Trial(client.name, 'anonymous');
        await tryVerbs(trial, client, `${address}/open`, `${address}/open/seed:1`);
        await trial.isRefused('denied pull', client.pull(`${address}/own/unseen:1`));
        await trial.isRefused('denied push', client.push(`${address}/read/${client.name}:1`));
        trials.push(trial);
      }
      return trials;
    }

    async function tryAccounts(service: ServiceProcess, authentication: string): Promise<Trial[]> {
      const trials: Trial[] = [];
      const address = service.address();
      await seed(`${address}/team/seed:1`, `${address}/own/seed:1`);
      for (const client of await clients()) {
        const trial = new Trial(client.name, authentication);
        const { login, logout } = client;
        if (login === undefined || logout === undefined) throw new Error(`${client.name} does not log in`);
        await trial.isRefused('wrong password', login(address, 'ada', 'guess'));
        await trial.isRefused('denied pull', client.pull(`${address}/team/seed:1`));
        await trial.works('login', login(address, 'ada', 'ada-secret'));
        await tryVerbs(trial, client, `${address}/team`, `${address}/team/seed:1`);
        await trial.works('login', logout(address));
        await trial.works('login', login(address, 'bob', 'bob-secret'));
        await trial.works('pull', client.pull(`${address}/team/seed:1`));
        await trial.isRefused('denied pull', client.pull(`${address}/own/seed:1`));
        await trial.isRefused('denied push', client.push(`${address}/team/${client.name}:2`));
        await trial.works('login', logout(address));
        trials.push(trial);
      }
      return trials;
    }

    test('do what the page on compatibility says they do', async () => {
      const all = await Promise.all([
        tryOpen().then(async (trials) => [...trials, ...(await tryAnonymous())]),
        tryAccounts(basic, 'password (`basic`)'),
        tryAccounts(token, 'token (`bearer`)'),
      ]);
      const trials = all.flat();
      expect(trials.flatMap(({ complaints }) => complaints)).toEqual([]);
      for (const { log } of services) expect(log).not.toMatch(/-secret|guess|Basic|eyJ/);
      const table = tableOf(trials.toSorted((a, b) => a.client.localeCompare(b.client)));
      if (process.env.WHERRY_E2E_WRITE === '1') await TABLE.write(table);
      expect(table, 'with WHERRY_E2E_WRITE=1 this test writes the table').toBe(await TABLE.read());
    });
  },
);
