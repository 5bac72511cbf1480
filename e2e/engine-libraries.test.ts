import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { GenericContainer, Wait } from 'testcontainers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { tarOf } from './layout.ts';
import { describeWith } from './needs.ts';
import { run, runWith, Sandbox, startService, tryRun } from './wherry.ts';

const LONG_MS = 180_000;
/** Debian's, which alone sees Debian's packages. */
const PYTHON = '/usr/bin/python3';
const DOCKER_PY = '/usr/lib/python3/dist-packages/docker';
/** Docker wants credentials for every push, even where a registry does not. */
const NOBODY = { username: 'nobody', password: 'none', serveraddress: '' };

/** A tar with this machine's busybox, a program without libraries. */
async function busyboxTar(sandbox: Sandbox): Promise<string> {
  const root = sandbox.directory('rootfs');
  const program = execFileSync('which', ['busybox'], { encoding: 'utf8' }).trim();
  const tar = sandbox.file('rootfs.tar');
  await run('mkdir', '-p', `${root}/bin`, `${root}/etc`);
  await run('cp', program, `${root}/bin/busybox`);
  for (const name of ['sh', 'cat', 'echo', 'sleep', 'ls'])
    await run('ln', '-s', 'busybox', `${root}/bin/${name}`);
  await run('tar', '-C', root, '-cf', tar, '.');
  return tar;
}

/** What programs use that do not run docker(1): their own readings of the Engine API. */
describeWith(
  { linux: true, root: true, programs: ['runc', 'busybox', 'tar'] },
  'wherry serve as the engine of libraries and their programs',
  () => {
    const sandbox = new Sandbox();
    const root = sandbox.directory('engine');
    const socket = sandbox.file('docker.sock');
    let service: Awaited<ReturnType<typeof startService>>;
    let registry: Awaited<ReturnType<typeof startService>>;

    beforeAll(async () => {
      await sandbox.at(root, 'import', await busyboxTar(sandbox), 'box:1');
      service = await startService(sandbox, root, '--addr', `unix://${socket}`);
      registry = await startService(sandbox, sandbox.directory('registry'));
    }, LONG_MS);
    afterAll(async () => {
      const ids = (await sandbox.at(root, 'ps', '-aq')).split('\n').filter(Boolean);
      if (ids.length > 0) await sandbox.at(root, 'rm', '-f', ...ids);
      await service?.stop();
      await registry?.stop();
      sandbox[Symbol.dispose]();
    }, LONG_MS);

    test('dockerode', { timeout: LONG_MS }, async () => {
      const docker = new Docker({ socketPath: socket });
      const finished = (stream: NodeJS.ReadableStream) =>
        new Promise<{ error?: string }[]>((resolve, reject) =>
          docker.modem.followProgress(stream, (error, output) => (error ? reject(error) : resolve(output))),
        );
      expect(String(await docker.ping())).toBe('OK');
      expect((await docker.listImages()).flatMap(({ RepoTags }) => RepoTags)).toContain('box:1');

      const repository = `${registry.address}/team/box`;
      await docker.getImage('box:1').tag({ repo: repository, tag: '1' });
      const pushed = await finished(await docker.getImage(`${repository}:1`).push({ authconfig: NOBODY }));
      expect(pushed.filter(({ error }) => error)).toEqual([]);
      await docker.getImage(`${repository}:1`).remove();
      await finished(await docker.pull(`${repository}:1`));
      expect((await docker.getImage(`${repository}:1`).inspect()).RootFS.Layers).toHaveLength(1);

      const context = tarOf([
        { path: 'Dockerfile', content: 'FROM box:1\nRUN echo built > /it\nCMD ["cat", "/it"]\n' },
      ]);
      const built = await finished(await docker.buildImage(Readable.from([context]), { t: 'built:1' }));
      expect(built.filter(({ error }) => error)).toEqual([]);

      const container = await docker.createContainer({ Image: 'built:1', AttachStdout: true });
      const attached = await container.attach({ stream: true, stdout: true, stderr: true });
      await container.start();
      expect(await container.wait()).toMatchObject({ StatusCode: 0 });
      expect((await text(attached)).slice(8)).toBe('built\n');
      await container.remove();

      const sleeping = await docker.createContainer({ Image: 'box:1', Cmd: ['sleep', '600'] });
      await sleeping.start();
      const exec = await sleeping.exec({ Cmd: ['cat'], AttachStdin: true, AttachStdout: true });
      const session = await exec.start({ hijack: true, stdin: true });
      session.end('through exec\n');
      expect((await text(session)).slice(8)).toBe('through exec\n');
      expect(await exec.inspect()).toMatchObject({ ExitCode: 0, Running: false });
      await sleeping.putArchive(Readable.from([tarOf([{ path: 'put', content: 'put' }])]), { path: '/etc' });
      expect(await text(await sleeping.getArchive({ path: '/etc/put' }))).toContain('put');
      await sleeping.stop({ t: 0 });
      expect((await sleeping.inspect()).State).toMatchObject({ Status: 'exited', ExitCode: 137 });
      await sleeping.remove();
      await expect(docker.getContainer('nosuch').inspect()).rejects.toMatchObject({ statusCode: 404 });
    });

    test('testcontainers', { timeout: LONG_MS }, async () => {
      vi.stubEnv('DOCKER_HOST', `unix://${socket}`);
      // It would listen on a port that is published.
      vi.stubEnv('TESTCONTAINERS_RYUK_DISABLED', 'true');
      const container = await new GenericContainer('box:1')
        .withNetworkMode('host')
        .withCopyContentToContainer([{ content: 'before\n', target: '/etc/first' }])
        .withCommand(['sh', '-c', 'cat /etc/first; echo ready; exec sleep 600'])
        .withWaitStrategy(Wait.forLogMessage('ready'))
        .start();
      try {
        // Also where the tests themselves run in a container, and look for the way out of it.
        expect(['localhost', '127.0.0.1']).toContain(container.getHost());
        await container.copyContentToContainer([{ content: 'after\n', target: '/made/second' }]);
        expect(await container.exec(['cat', '/etc/first', '/made/second'])).toMatchObject({
          exitCode: 0,
          output: 'before\nafter\n',
        });
        expect(await container.exec(['sh', '-c', 'echo e >&2; exit 3'])).toMatchObject({
          exitCode: 3,
          stderr: 'e\n',
        });
        await container.restart();
      } finally {
        await container.stop();
      }
      expect(await sandbox.at(root, 'ps', '-aq', '--filter', `id=${container.getId()}`)).toBe('');
      const exposed = new GenericContainer('box:1').withExposedPorts(80);
      await expect(exposed.start()).rejects.toThrow('ports are not published');
      vi.unstubAllEnvs();
    });

    describeWith({ paths: [PYTHON, DOCKER_PY] }, 'in Python', () => {
      test('docker-py', { timeout: LONG_MS }, async () => {
        const script = `
import docker, io
c = docker.DockerClient(base_url='unix://${socket}')
assert c.ping()
assert 'box:1' in [t for i in c.images.list() for t in i.tags]
print(c.containers.run('box:1', ['echo', 'from python'], remove=True).decode(), end='')
try:
    c.containers.run('box:1', ['sh', '-c', 'exit 4'], remove=True)
except docker.errors.ContainerError as e:
    print('exit', e.exit_status)
image, logs = c.images.build(fileobj=io.BytesIO(b'FROM box:1\\nLABEL by=python\\n'), tag='python:1')
print(image.labels['by'])
k = c.containers.run('box:1', ['sleep', '600'], detach=True)
print(k.exec_run(['echo', 'exec']).output.decode(), end='')
k.stop(timeout=0); k.reload(); print(k.status); k.remove()
c.images.remove('python:1')
`;
        const printed = await runWith({ env: sandbox.environment }, PYTHON, '-c', script);
        expect(printed).toBe('from python\nexit 4\npython\nexec\nexited\n');
      });
    });

    describeWith({ programs: ['docker-compose'] }, 'of several containers at once', () => {
      test('docker-compose', { timeout: LONG_MS }, async () => {
        const image = `${registry.address}/team/composed:1`;
        await sandbox.at(root, 'tag', 'box:1', image);
        await sandbox.at(root, 'push', '-q', image);
        await sandbox.at(root, 'rmi', image);
        const project = sandbox.directory('project');
        const env = { ...sandbox.environment, DOCKER_HOST: `unix://${socket}` };
        const compose = (...args: string[]) => tryRun({ env, cwd: project }, 'docker-compose', ...args);
        const services = { a: 'host', b: 'bridge', c: 'none' };
        const lines = Object.entries(services).flatMap(([name, network]) => [
          `  ${name}:\n    image: ${image}\n    network_mode: ${network}`,
          `    command: ["sh", "-c", "echo from ${name}; exec sleep 600"]`,
        ]);
        await writeFile(
          join(project, 'docker-compose.yml'),
          `version: "3"\nservices:\n${lines.join('\n')}\n`,
        );
        for (const command of [['pull'], ['up', '-d'], ['exec', '-T', 'a', 'echo']])
          expect(await compose(...command)).toMatchObject({ status: 0 });
        expect((await compose('images')).stdout.match(/team\/composed/g)).toHaveLength(3);
        const logs = async () => (await compose('logs', '--no-color')).stdout.match(/from [abc]/g)?.sort();
        await expect.poll(logs, { timeout: 20_000 }).toEqual(['from a', 'from b', 'from c']);
        expect(await compose('down', '-t', '0')).toMatchObject({ status: 0 });
        expect(await sandbox.at(root, 'ps', '-aq')).toBe('');

        await writeFile(
          join(project, 'docker-compose.yml'),
          `version: "3"\nservices: {a: {image: "${image}"}}\n`,
        );
        const refused = await compose('up', '-d');
        expect([refused.status, refused.stderr]).toEqual([
          1,
          expect.stringContaining('networks of containers are not offered'),
        ]);
      });
    });
  },
);
