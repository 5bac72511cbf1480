import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Contestant, run } from './measure.ts';
import { type Peer, startDockerd, startDockerRegistry, startWherryServe } from './peers.ts';

/** Where things are for one run of the benchmarks. */
export interface Bench {
  /** Made by a workload script: `NAME/oci`, `NAME/docker.tar`, `debian/rootfs.tar`. */
  readonly images: string;
  /** Fresh directories, one per run; removed when all is over. */
  readonly scratch: string;
  readonly wherry: readonly string[];
}

export interface Job {
  readonly name: string;
  readonly goals: Readonly<Record<string, number>>;
  readonly rounds: number;
  /** Needs no other tool than Node, and no images. */
  readonly isAlone?: true;
  contestants(bench: Bench): Promise<{ list: Contestant[]; close: () => Promise<void> }>;
}

let directories = 0;
/** A directory that is there, and empty. */
export const fresh = (bench: Bench, name: string) => {
  const path = join(bench.scratch, `${name}-${++directories}`);
  mkdirSync(path, { recursive: true });
  return path;
};

/** A dockerd that is begun again, over an empty store or a copy of one, before each run. */
export function freshDockerd(bench: Bench) {
  let daemon: Peer | undefined;
  let directory = '';
  const stop = async () => {
    await daemon?.stop();
    daemon = undefined;
  };
  const start = async (store?: string) => {
    await stop();
    directory = fresh(bench, 'dockerd');
    if (store !== undefined) run(['cp', '-a', store, join(directory, 'data')]);
    daemon = await startDockerd(directory);
  };
  return {
    restart: () => start(),
    restartOn: start,
    /** Ends it; returns where its store is. */
    stopped: async () => {
      await stop();
      return join(directory, 'data');
    },
    docker: (...args: string[]) => ['docker', '-H', daemon?.address ?? '', ...args],
    close: stop,
  };
}

const skopeo = (...args: string[]) => ['skopeo', '--insecure-policy', 'copy', '-q', ...args];
export const podman = (root: string, ...args: string[]) => [
  ...['podman', '--root', join(root, 'root'), '--runroot', join(root, 'run'), '--storage-driver', 'overlay'],
  ...args,
];

export function pullJob(image: string, goals: Record<string, number>, rounds = 5): Job {
  return {
    name: `pull ${image}`,
    goals,
    rounds,
    async contestants(bench) {
      const registry = await startDockerRegistry(fresh(bench, 'registry'));
      const ref = `${registry.address}/${image}:latest`;
      await fill(bench, image, ref);
      const dockerd = freshDockerd(bench);
      const list: Contestant[] = [
        {
          name: 'wherry',
          command: () => [...bench.wherry, '--root', fresh(bench, 'wherry'), 'pull', '-q', ref],
        },
        { name: 'docker', prepare: dockerd.restart, command: () => dockerd.docker('pull', '-q', ref) },
        {
          name: 'podman',
          command: () => podman(fresh(bench, 'podman'), 'pull', '-q', '--tls-verify=false', ref),
        },
        {
          name: 'skopeo',
          command: () =>
            skopeo('--src-tls-verify=false', `docker://${ref}`, `oci:${fresh(bench, 'skopeo')}/oci:latest`),
        },
      ];
      return { list, close: closing(dockerd.close, registry.stop) };
    },
  };
}

/** Puts an image of the workload into a registry. */
export async function fill(bench: Bench, image: string, ref: string): Promise<void> {
  run(skopeo('--dest-tls-verify=false', `oci:${bench.images}/${image}/oci:latest`, `docker://${ref}`));
}

export function closing(...steps: (() => Promise<void> | undefined)[]): () => Promise<void> {
  return async () => {
    for (const step of steps) await step();
  };
}

/** `again`: the registry has all of it already. */
export function pushJob(image: string, again: boolean, goals: Record<string, number>, rounds = 5): Job {
  return {
    name: `push ${image}${again ? ', all there' : ' to an empty registry'}`,
    goals,
    rounds,
    async contestants(bench) {
      const source = await startDockerRegistry(fresh(bench, 'registry'));
      await fill(bench, image, `${source.address}/${image}:latest`);
      let target: Peer | undefined;
      const emptyRegistry = async () => {
        if (again && target) return;
        await target?.stop();
        target = await startDockerRegistry(fresh(bench, 'registry'));
      };
      await emptyRegistry();
      const root = fresh(bench, 'wherry');
      run([...bench.wherry, '--root', root, 'pull', '-q', `${source.address}/${image}:latest`]);
      const dockerd = freshDockerd(bench);
      await dockerd.restart();
      run(dockerd.docker('load', '-q', '-i', join(bench.images, image, 'docker.tar')));
      const list: Contestant[] = [
        {
          name: 'wherry',
          prepare: async () => {
            await emptyRegistry();
            // Locations that are known would let a push mount; the goal is the upload itself.
            run([
              ...bench.wherry,
              '--root',
              root,
              'tag',
              `${source.address}/${image}:latest`,
              `${target?.address}/${image}:w`,
            ]);
          },
          command: () => [...bench.wherry, '--root', root, 'push', '-q', `${target?.address}/${image}:w`],
        },
        {
          name: 'docker',
          prepare: async () => {
            await emptyRegistry();
            run(dockerd.docker('tag', `${image}:latest`, `${target?.address}/${image}:d`));
          },
          command: () => dockerd.docker('push', '-q', `${target?.address}/${image}:d`),
        },
        {
          name: 'skopeo',
          prepare: emptyRegistry,
          command: () =>
            skopeo(
              '--dest-tls-verify=false',
              `oci:${bench.images}/${image}/oci:latest`,
              `docker://${target?.address}/${image}:s`,
            ),
        },
      ];
      return { list, close: closing(async () => target?.stop(), dockerd.close, source.stop) };
    },
  };
}

/** From one registry to another that is empty, each program at a registry of its own making. */
export function copyJob(image: string, goals: Record<string, number>, rounds = 5): Job {
  return {
    name: `copy ${image} registry to registry`,
    goals,
    rounds,
    async contestants(bench) {
      const source = await startDockerRegistry(fresh(bench, 'registry'));
      const from = `${source.address}/${image}:latest`;
      await fill(bench, image, from);
      let target: Peer | undefined;
      const prepare = async () => {
        await target?.stop();
        target = await startDockerRegistry(fresh(bench, 'registry'));
      };
      const to = () => `${target?.address}/${image}:copy`;
      const list: Contestant[] = [
        { name: 'wherry', prepare, command: () => [...bench.wherry, 'copy', '-q', from, to()] },
        {
          name: 'skopeo',
          prepare,
          command: () =>
            skopeo(
              '--all',
              '--src-tls-verify=false',
              '--dest-tls-verify=false',
              `docker://${from}`,
              `docker://${to()}`,
            ),
        },
      ];
      return { list, close: closing(async () => target?.stop(), source.stop) };
    },
  };
}

/** What receiving costs: the same client, skopeo, pushes to both registries, each over an empty directory. */
export function serveJob(image: string, goals: Record<string, number>, rounds = 5): Job {
  return {
    name: `push ${image} to wherry serve`,
    goals,
    rounds,
    async contestants(bench) {
      let target: Peer | undefined;
      const pushTo = (name: string, start: (directory: string) => Promise<Peer>): Contestant => ({
        name,
        prepare: async () => {
          await target?.stop();
          target = await start(fresh(bench, 'registry'));
        },
        command: () =>
          skopeo(
            '--dest-tls-verify=false',
            `oci:${bench.images}/${image}/oci:latest`,
            `docker://${target?.address}/${image}:s`,
          ),
      });
      const list = [
        pushTo('wherry', (directory) => startWherryServe(directory, bench.wherry)),
        pushTo('docker-registry', startDockerRegistry),
      ];
      return { list, close: closing(async () => target?.stop()) };
    },
  };
}

export function saveJob(
  image: string,
  uncompressed: boolean,
  goals: Record<string, number>,
  rounds = 5,
): Job {
  return {
    name: `save ${image}${uncompressed ? ' --uncompressed' : ''}`,
    goals,
    rounds,
    async contestants(bench) {
      const registry = await startDockerRegistry(fresh(bench, 'registry'));
      const ref = `${registry.address}/${image}:latest`;
      await fill(bench, image, ref);
      const root = fresh(bench, 'wherry');
      run([...bench.wherry, '--root', root, 'pull', '-q', ref]);
      const dockerd = freshDockerd(bench);
      await dockerd.restart();
      run(dockerd.docker('load', '-q', '-i', join(bench.images, image, 'docker.tar')));
      const out = () => join(fresh(bench, 'save'), 'out.tar');
      const list: Contestant[] = [
        {
          name: 'wherry',
          command: () => [
            ...bench.wherry,
            '--root',
            root,
            'save',
            ...(uncompressed ? ['--uncompressed'] : []),
            '-o',
            out(),
            ref,
          ],
        },
        { name: 'docker', command: () => dockerd.docker('save', '-o', out(), `${image}:latest`) },
        {
          name: 'skopeo',
          command: () =>
            skopeo(`oci:${bench.images}/${image}/oci:latest`, `docker-archive:${out()}:${image}:latest`),
        },
      ];
      return { list, close: closing(dockerd.close, registry.stop) };
    },
  };
}

export function loadJob(image: string, goals: Record<string, number>, rounds = 5): Job {
  return {
    name: `load what docker saved of ${image}`,
    goals,
    rounds,
    async contestants(bench) {
      const dockerd = freshDockerd(bench);
      await dockerd.restart();
      run(dockerd.docker('load', '-q', '-i', join(bench.images, image, 'docker.tar')));
      const archive = join(fresh(bench, 'archive'), 'saved.tar');
      run(dockerd.docker('save', '-o', archive, `${image}:latest`));
      const list: Contestant[] = [
        {
          name: 'wherry',
          command: () => [...bench.wherry, '--root', fresh(bench, 'wherry'), 'load', '-q', '-i', archive],
        },
        {
          name: 'docker',
          prepare: dockerd.restart,
          command: () => dockerd.docker('load', '-q', '-i', archive),
        },
        { name: 'podman', command: () => podman(fresh(bench, 'podman'), 'load', '-q', '-i', archive) },
        {
          name: 'skopeo',
          command: () => skopeo(`docker-archive:${archive}`, `oci:${fresh(bench, 'skopeo')}/oci:latest`),
        },
      ];
      return { list, close: dockerd.close };
    },
  };
}

export function importJob(file: string, goals: Record<string, number>, rounds = 5): Job {
  return {
    name: `import ${file}`,
    goals,
    rounds,
    async contestants(bench) {
      const dockerd = freshDockerd(bench);
      const path = join(bench.images, 'debian', file);
      const list: Contestant[] = [
        {
          name: 'wherry',
          command: () => [
            ...bench.wherry,
            '--root',
            fresh(bench, 'wherry'),
            'import',
            path,
            'debian:imported',
          ],
        },
        {
          name: 'docker',
          prepare: dockerd.restart,
          command: () => dockerd.docker('import', path, 'debian:imported'),
        },
      ];
      return { list, close: async () => dockerd.close() };
    },
  };
}

export function removeScratch(bench: Bench): void {
  rmSync(bench.scratch, { recursive: true, force: true });
}
