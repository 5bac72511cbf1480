import {
  chmodSync,
  chownSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerd, startDockerRegistry } from '../bench/peers.ts';
import { openEngine } from '../packages/core/src/engine/open.ts';
import { describeWith } from './needs.ts';
import { run, runWith, Sandbox } from './wherry.ts';

const sandbox = new Sandbox();
const USER = 65_534;

afterAll(() => sandbox[Symbol.dispose]());

/** A context with a shell in it, and this Dockerfile. */
function contextOf(dockerfile: string): string {
  const path = sandbox.directory('context');
  writeFileSync(join(path, 'Dockerfile'), dockerfile);
  writeFileSync(join(path, 'a.txt'), 'a');
  copyFileSync('/bin/busybox', join(path, 'busybox'));
  chmodSync(join(path, 'busybox'), 0o755);
  return path;
}

const FILES = 'FROM scratch\nCOPY a.txt /etc/\nCOPY a.txt /etc/b.txt\nWORKDIR /work\n';
const RUNS = [
  'FROM scratch AS shell',
  'COPY busybox /bin/busybox',
  'RUN ["/bin/busybox", "--install", "-s", "/bin"]',
  'FROM shell AS made',
  'RUN mkdir -m 700 /made && echo made > /made/it && ln /made/it /made/twin && chown 7:8 /made/it',
  'FROM shell',
  'COPY --from=made /made /made',
  'RUN rm /bin/ls && echo end > /end',
  '',
].join('\n');

describeWith(
  { programs: ['docker-registry', 'skopeo', 'docker', 'dockerd', 'busybox'], root: true, linux: true },
  'what a build puts out',
  () => {
    let server: Peer;
    let docker: Peer;
    let root: string;
    const build = (...args: string[]) => sandbox.at(root, 'build', ...args);
    const runDocker = (...args: string[]) =>
      runWith({ env: sandbox.environment }, 'docker', '-H', docker.address, ...args);

    beforeAll(async () => {
      server = await startDockerRegistry(sandbox.directory('registry'));
      docker = await startDockerd(sandbox.directory('docker'));
      root = sandbox.directory('root');
    });
    afterAll(async () => {
      await server?.stop();
      await docker?.stop();
    });

    test('goes to a registry for several platforms, where others find each', async () => {
      const name = `${server.address}/team/files:1`;
      const said = await build(
        ...['--platform', 'linux/amd64,linux/arm64', '-t', name, '--push', '--annotation', 'index:a=b'],
        contextOf(FILES),
      );
      expect(said).toContain('Step 5/8 : [linux/arm64] FROM scratch');
      const raw = JSON.parse(
        await run('skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${name}`),
      );
      expect(raw.annotations).toEqual({ a: 'b' });
      for (const architecture of ['amd64', 'arm64']) {
        const argv = ['--override-arch', architecture, 'inspect', '--config', '--tls-verify=false'];
        const config = JSON.parse(await run('skopeo', ...argv, `docker://${name}`));
        expect([config.architecture, config.config.WorkingDir]).toEqual([architecture, '/work']);
      }
      const other = sandbox.directory('root');
      await sandbox.at(other, 'pull', '--all-platforms', '-q', name);
      expect(await sandbox.at(other, 'system', 'check')).toContain('no faults');
      expect(await sandbox.at(root, 'system', 'check')).toContain('no faults');
      const foreign = await sandbox.try(
        '--root',
        root,
        'build',
        '--platform',
        'linux/s390x',
        contextOf(RUNS),
      );
      expect(foreign).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/^RUN for linux\/s390x: this machine runs .* no emulator for it$/m),
      });
    });

    test('goes into archives, which Docker and skopeo read, squashed or not', async () => {
      const context = contextOf(RUNS);
      const archive = sandbox.file('docker.tar');
      await build('-t', 'app:whole', '-o', `type=docker,dest=${archive}`, context);
      await runDocker('load', '-i', archive);
      await build('-t', 'app:whole', context);
      const id = (await sandbox.at(root, 'inspect', '-f', '{{.Id}}', 'app:whole')).trim();
      expect((await runDocker('inspect', '-f', '{{.Id}}', 'app:whole')).trim()).toBe(id);

      await build('--squash', '-t', 'app:flat', '-o', `type=docker,dest=${archive}`, context);
      await runDocker('load', '-i', archive);
      expect((await runDocker('inspect', '-f', '{{len .RootFS.Layers}}', 'app:flat')).trim()).toBe('1');
      const listed = async (name: string) => {
        const container = (await runDocker('create', '--network', 'none', name, 'x')).trim();
        const tar = sandbox.file('export.tar');
        await runDocker('export', '-o', tar, container);
        return (await run('tar', '--numeric-owner', '-tvf', tar))
          .split('\n')
          .filter((line) => /made|end|bin/.test(line));
      };
      expect(await listed('app:flat')).toEqual(await listed('app:whole'));

      const layout = sandbox.file('oci.tar');
      await build('-t', 'app:1', '--compression', 'zstd', '-o', `type=oci,dest=${layout}`, context);
      const inspected = JSON.parse(await run('skopeo', 'inspect', '--raw', `oci-archive:${layout}`));
      const types = inspected.layers.map(({ mediaType }: { mediaType: string }) => mediaType.split('+')[1]);
      expect(new Set(types)).toEqual(new Set(['zstd']));
      const config = await run('skopeo', 'inspect', '--config', '--raw', `oci-archive:${layout}`);
      expect(JSON.parse(config).rootfs.diff_ids).toHaveLength(types.length);
    });

    test('goes into a directory, also of a user who is not root, and again over what is there', async () => {
      const [home, out] = [sandbox.directory('home'), sandbox.directory('out')];
      for (const path of [home, out]) chownSync(path, USER, USER);
      chmodSync(sandbox.path, 0o755);
      const context = contextOf(`${FILES}COPY --chown=7:8 --chmod=555 busybox /closed/\n`);
      const options = { uid: USER, env: { WHERRY_ROOT: join(home, 'store'), HOME: home } };
      for (const _ of ['first', 'again']) {
        const result = await sandbox.tryWith(options, 'build', '-o', join(out, 'files'), context);
        expect(result).toMatchObject({ status: 0, stderr: '' });
      }
      const file = lstatSync(join(out, 'files/closed/busybox'));
      expect([file.uid, file.mode & 0o7777, file.mtimeMs]).toEqual([USER, 0o555, 0]);
      expect(readFileSync(join(out, 'files/etc/a.txt'), 'utf8')).toBe('a');

      const [tar, tree] = [sandbox.file('files.tar'), sandbox.directory('tree')];
      await build('-o', `type=tar,dest=${tar}`, '-o', join(tree, 'local'), contextOf(RUNS));
      mkdirSync(join(tree, 'tar'));
      await run('tar', '--no-same-owner', '-xpf', tar, '-C', join(tree, 'tar'));
      await run('diff', '-r', '--no-dereference', join(tree, 'local'), join(tree, 'tar'));
      const list = (name: string) =>
        run('find', join(tree, name), '-mindepth', '1', '-printf', '%P %M %n %T@ %l\n');
      expect((await list('local')).split('\n').sort()).toEqual((await list('tar')).split('\n').sort());
    });

    test('is a cache for another store, in a registry and in a layout', async () => {
      const context = contextOf(RUNS);
      const ref = `${server.address}/team/cache:1`;
      const layout = sandbox.directory('cache');
      const to = [`type=registry,ref=${ref},mode=max`, `type=local,dest=${layout},mode=max`];
      await build(...to.flatMap((place) => ['--cache-to', place]), '-t', 'app:1', context);
      const id = await sandbox.at(root, 'inspect', '-f', '{{.Id}}', 'app:1');
      for (const place of [`type=registry,ref=${ref}`, `type=local,src=${layout}`]) {
        const other = sandbox.directory('root');
        const said = await sandbox.at(other, 'build', '--cache-from', place, '-t', 'app:1', context);
        expect(said.match(/^ ---> Running in/gm)).toBeNull();
        expect(await sandbox.at(other, 'inspect', '-f', '{{.Id}}', 'app:1')).toBe(id);
        expect(await sandbox.at(other, 'system', 'check')).toContain('no faults');
      }
      // Any tool of OCI's can take it elsewhere.
      const copied = `docker://${server.address}/other/cache:1`;
      const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
      await run('skopeo', 'copy', '-q', ...plain, `docker://${ref}`, copied);
      const empty = sandbox.directory('root');
      const said = await sandbox.at(empty, 'build', '--cache-from', `${server.address}/none:1`, context);
      expect(said).toContain(`[Warning] cache ${server.address}/none:1: `);
    });

    test('is the same twice, or it is known where not', async () => {
      await using engine = openEngine({ root: sandbox.directory('root'), env: sandbox.environment });
      const verify = (dockerfile: string) =>
        engine.verifyBuild({ context: { kind: 'directory', path: contextOf(dockerfile) } });
      expect((await verify(RUNS)).difference).toBeUndefined();
      const random = RUNS.replace('&& ln', '&& head -c 8 /dev/urandom > /made/random && ln');
      expect((await verify(random)).difference).toMatchObject({
        kind: 'file',
        step: { number: 5 },
        file: { path: '/made/random', kind: 'changed', changes: [{ what: 'content' }] },
      });
    });
  },
);
