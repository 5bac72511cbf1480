import { join } from 'node:path';
import { type Bench, closing, fill, fresh, freshDockerd, type Job, podman } from './jobs.ts';
import { type Contestant, run } from './measure.ts';
import { startDockerRegistry } from './peers.ts';

/** Debian's podman asks for more open files than every machine allows. */
const PODMAN_LIMITS = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096'];
const CHANGED_FILES = 2000;

/** What the first container of an image waits for: all layers as files; for `tar`, unpacked from gzip before. */
export function unpackJob(image: string, goals: Record<string, number>, rounds = 5): Job {
  return {
    name: `unpack ${image} for running`,
    goals,
    rounds,
    async contestants(bench) {
      const layout = join(bench.images, image, 'oci');
      const plain = fresh(bench, 'plain');
      const { layersOf } = await import('./unpack-image.ts');
      for (const [index, { blob }] of layersOf(layout).entries())
        run(['sh', '-c', `gzip -dc ${join(layout, 'blobs', ...blob.split(':'))} > ${plain}/${index}.tar`]);
      const script = new URL('./unpack-image.ts', import.meta.url).pathname;
      const list: Contestant[] = [
        { name: 'wherry', command: () => [process.execPath, script, layout, fresh(bench, 'wherry')] },
        {
          name: 'umoci',
          command: () => [
            'umoci',
            'unpack',
            '--image',
            `${layout}:latest`,
            join(fresh(bench, 'umoci'), 'bundle'),
          ],
        },
        {
          name: 'tar',
          command: () => {
            const out = fresh(bench, 'tar');
            const each = `mkdir ${out}/$(basename $f) && tar -xpf $f -C ${out}/$(basename $f)`;
            return ['sh', '-ec', `for f in ${plain}/*.tar; do ${each}; done`];
          },
        },
      ];
      return { list, close: async () => {} };
    },
  };
}

/** A container that ends at once, of an image that is unpacked; none of them gets a network of its own. */
export function startJob(image: string, goals: Record<string, number>, rounds = 15): Job {
  return {
    name: `run --rm ${image} true`,
    goals,
    rounds,
    async contestants(bench) {
      const archive = join(bench.images, image, 'docker.tar');
      const root = loaded(bench, archive);
      const podmanRoot = fresh(bench, 'podman');
      run(podman(podmanRoot, 'load', '-q', '-i', archive));
      const dockerd = freshDockerd(bench);
      await dockerd.restart();
      run(dockerd.docker('load', '-q', '-i', archive));
      const command = [image, '/bin/true'];
      const list: Contestant[] = [
        { name: 'wherry', command: () => [...bench.wherry, '--root', root, 'run', '--rm', ...command] },
        {
          name: 'podman',
          command: () => podman(podmanRoot, 'run', '--rm', '--network', 'host', ...PODMAN_LIMITS, ...command),
        },
        { name: 'docker', command: () => dockerd.docker('run', '--rm', '--network', 'host', ...command) },
      ];
      return { list, close: dockerd.close };
    },
  };
}

/** From an empty store to what a container prints: pulled, unpacked and run. */
export function firstRunJob(image: string, goals: Record<string, number>, rounds = 3): Job {
  return {
    name: `pull ${image} and run it`,
    goals,
    rounds,
    async contestants(bench) {
      const registry = await startDockerRegistry(fresh(bench, 'registry'));
      const ref = `${registry.address}/${image}:latest`;
      await fill(bench, image, ref);
      const dockerd = freshDockerd(bench);
      const command = ['run', '--rm', '--quiet', ref, '/bin/echo', 'started'];
      const list: Contestant[] = [
        { name: 'wherry', command: () => [...bench.wherry, '--root', fresh(bench, 'wherry'), ...command] },
        {
          name: 'docker',
          prepare: dockerd.restart,
          command: () => dockerd.docker(...command.filter((word) => word !== '--quiet')),
        },
      ];
      return { list, close: closing(dockerd.close, registry.stop) };
    },
  };
}

/** A container that has written many small files becomes an image, which is not there yet. */
export function commitJob(image: string, goals: Record<string, number>, rounds = 7): Job {
  return {
    name: `commit ${CHANGED_FILES} files over ${image}`,
    goals,
    rounds,
    async contestants(bench) {
      const archive = join(bench.images, image, 'docker.tar');
      const script = `i=0; mkdir /made; while [ $i -lt ${CHANGED_FILES} ]; do echo $i > /made/$i; i=$((i+1)); done`;
      // The image has a program and a user of its own.
      const shell = ['--user', '0', '--entrypoint', '/bin/sh', image, '-c', script];
      const change = ['run', '--name', 'changed', ...shell];
      const root = loaded(bench, archive);
      run([...bench.wherry, '--root', root, ...change]);
      const dockerd = freshDockerd(bench);
      await dockerd.restart();
      run(dockerd.docker('load', '-q', '-i', archive));
      run(dockerd.docker(...change));
      const contestant = (name: string, words: (...args: string[]) => readonly string[]): Contestant => {
        let isThere = false;
        return {
          name,
          prepare: () => {
            if (isThere) run(words('rmi', 'committed'));
            isThere = true;
          },
          command: () => words('commit', 'changed', 'committed'),
        };
      };
      const list = [
        contestant('wherry', (...args) => [...bench.wherry, '--root', root, ...args]),
        contestant('docker', dockerd.docker),
      ];
      return { list, close: dockerd.close };
    },
  };
}

/** A store that has the image of an archive. */
function loaded(bench: Bench, archive: string): string {
  const root = fresh(bench, 'wherry');
  run([...bench.wherry, '--root', root, 'load', '-q', '-i', archive]);
  return root;
}
