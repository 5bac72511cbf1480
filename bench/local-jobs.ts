// What is timed on a store that is there already, without a registry.
import { join } from 'node:path';
import { type Bench, closing, fresh, freshDockerd, type Job } from './jobs.ts';
import { type Contestant, run } from './measure.ts';
import { startWherryServe } from './peers.ts';
import { tinyArchive } from './tiny-archive.ts';

const IMAGE = 'tiny/image-1:1';
const EMPTY_NODE: Contestant = { name: 'node -e 0', command: () => [process.execPath, '-e', '0'] };
const nothing = async () => {};

/** An archive of `count` images, and a store with them in it. */
async function tinyStore(bench: Bench, count: number, isNamed = true) {
  const archive = join(fresh(bench, 'tiny'), 'tiny.tar');
  await tinyArchive(archive, count, isNamed);
  const root = fresh(bench, 'wherry');
  run([...bench.wherry, '--root', root, 'load', '-q', '-i', archive]);
  return { archive, root };
}

/** Lists `count` images; `node -e 0` is what starting Node costs. */
export function imagesJob(count: number, goals: Record<string, number>, rounds = 15): Job {
  return {
    name: `images with ${count}`,
    goals,
    rounds,
    async contestants(bench) {
      const { archive, root } = await tinyStore(bench, count);
      const dockerd = freshDockerd(bench);
      await dockerd.restart();
      run(dockerd.docker('load', '-q', '-i', archive));
      const list: Contestant[] = [
        { name: 'wherry', command: () => [...bench.wherry, '--root', root, 'images'] },
        { name: 'docker', command: () => dockerd.docker('images') },
        EMPTY_NODE,
      ];
      return { list, close: dockerd.close };
    },
  };
}

/** The same by one docker client, of the service's Engine API and of the daemon. */
export function engineImagesJob(count: number, goal: number, rounds = 15): Job {
  return {
    name: `docker images with ${count}, of the service`,
    goals: { dockerd: goal },
    rounds,
    async contestants(bench) {
      const { archive } = await tinyStore(bench, count);
      const dockerd = freshDockerd(bench);
      await dockerd.restart();
      const socket = `unix://${join(fresh(bench, 'socket'), 'engine.sock')}`;
      const service = await startWherryServe(fresh(bench, 'service'), bench.wherry, ['--addr', socket]);
      const list: Contestant[] = [
        { name: 'wherry', command: () => ['docker', '-H', socket, 'images'] },
        { name: 'dockerd', command: () => dockerd.docker('images') },
      ];
      for (const { command } of list) run([...command().slice(0, -1), 'load', '-q', '-i', archive]);
      return { list, close: closing(service.stop, dockerd.close) };
    },
  };
}

/** What many images cost beside fewer. */
export function manyImagesJob(many: number, few: number, goal: number, rounds = 9): Job {
  return {
    name: `images with ${many}, beside ${few}`,
    goals: { [`with ${few}`]: goal },
    rounds,
    isAlone: true,
    async contestants(bench) {
      const [large, small] = [await tinyStore(bench, many), await tinyStore(bench, few)];
      const list: Contestant[] = [
        { name: 'wherry', command: () => [...bench.wherry, '--root', large.root, 'images'] },
        { name: `with ${few}`, command: () => [...bench.wherry, '--root', small.root, 'images'] },
      ];
      return { list, close: nothing };
    },
  };
}

/** What JSON costs beside the table. */
export function imagesJsonJob(count: number, goal: number, rounds = 15): Job {
  return {
    name: `images --format '{{json .}}' with ${count}`,
    goals: { table: goal },
    rounds,
    isAlone: true,
    async contestants(bench) {
      const { root } = await tinyStore(bench, count);
      const images = [...bench.wherry, '--root', root, 'images'];
      const list: Contestant[] = [
        { name: 'wherry', command: () => [...images, '--format', '{{json .}}'] },
        { name: 'table', command: () => images },
      ];
      return { list, close: nothing };
    },
  };
}

/** A command on one of ten images, beside an empty Node. */
export function smallJob(name: string, args: readonly string[], goal: number, rounds = 15): Job {
  return {
    name,
    goals: { [EMPTY_NODE.name]: goal },
    rounds,
    isAlone: true,
    async contestants(bench) {
      const { root } = await tinyStore(bench, 10);
      // A shell that completes says first what it wants.
      const [first = '', ...rest] = args;
      const words = first === '__complete' ? [first, '--root', root, ...rest] : ['--root', root, ...args];
      const list: Contestant[] = [{ name: 'wherry', command: () => [...bench.wherry, ...words] }, EMPTY_NODE];
      return { list, close: nothing };
    },
  };
}

export const inspectJob = (goal: number) => smallJob('inspect', ['inspect', IMAGE], goal);
export const historyJob = (goal: number) => smallJob('history', ['history', IMAGE], goal);
export const completeCommandJob = (goal: number) =>
  smallJob('complete a command', ['__complete', ':im'], goal);
export const completeNameJob = (goal: number) =>
  smallJob('complete a name', ['__complete', 'inspect', ':tiny/'], goal);

/** Removes `count` images without names, each time from a copy of one store. */
export function pruneJob(count: number, goals: Record<string, number>, rounds = 3): Job {
  return {
    name: `image prune -f of ${count}`,
    goals,
    rounds,
    async contestants(bench) {
      const { archive, root } = await tinyStore(bench, count, false);
      const dockerd = freshDockerd(bench);
      await dockerd.restart();
      run(dockerd.docker('load', '-q', '-i', archive));
      const store = await dockerd.stopped();
      let copy = '';
      const list: Contestant[] = [
        {
          name: 'wherry',
          prepare: () => {
            copy = fresh(bench, 'wherry');
            run(['cp', '-a', `${root}/.`, copy]);
          },
          command: () => [...bench.wherry, '--root', copy, 'image', 'prune', '-f'],
        },
        {
          name: 'docker',
          prepare: () => dockerd.restartOn(store),
          command: () => dockerd.docker('image', 'prune', '-f'),
        },
      ];
      return { list, close: dockerd.close };
    },
  };
}
