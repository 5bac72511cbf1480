// Builds beside BuildKit, the one in dockerd, and buildah, the one in podman.
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bench, fresh, freshDockerd, type Job, podman } from './jobs.ts';
import { type Contestant, run } from './measure.ts';

const BASE = 'small';
/** Debian's podman asks for more open files than every machine allows. */
const PODMAN_LIMITS = ['--ulimit', 'nofile=1024:1024'];
const RUN_STEPS = [1, 2, 3, 4, 5].map(
  (n) => `RUN mkdir /step-${n} && i=0; while [ $i -lt 100 ]; do echo $i > /step-${n}/$i; i=$((i+1)); done`,
);

/**
 * What is there when a build begins: only the base, unpacked; or what the last build left, with the context as it was,
 * or with one file changed.
 */
type Start = 'cold' | 'cached' | 'one file changed';

/** A way to build a directory on a store. */
interface Builder {
  readonly name: string;
  /** Makes a store that has the base. */
  readonly begin: () => void | Promise<void>;
  /** Makes the store another one that has nothing but the base. */
  readonly renew: () => void | Promise<void>;
  readonly build: (context: string) => readonly string[];
  readonly close?: () => Promise<void>;
}

/** Five commands that write a hundred files each. */
export function buildRunJob(start: Start, goals: Record<string, number>, rounds = 5): Job {
  return buildJob(`build of five RUN steps, ${start}`, start, goals, rounds, (bench) => {
    const context = fresh(bench, 'context');
    writeFileSync(join(context, 'Dockerfile'), [`FROM ${BASE}`, ...RUN_STEPS, ''].join('\n'));
    return context;
  });
}

/** A tree of 20,000 small files, of the workload. */
export function buildCopyJob(start: Start, goals: Record<string, number>, rounds = 5): Job {
  return buildJob(`build with COPY of 20,000 files, ${start}`, start, goals, rounds, (bench) => {
    const context = fresh(bench, 'context');
    cpSync(join(bench.images, 'tree20k', 'app'), join(context, 'app'), { recursive: true });
    writeFileSync(join(context, 'Dockerfile'), `FROM ${BASE}\nCOPY app /app\n`);
    return context;
  });
}

function buildJob(
  name: string,
  start: Start,
  goals: Record<string, number>,
  rounds: number,
  makeContext: (bench: Bench) => string,
): Job {
  return {
    name,
    goals,
    rounds,
    async contestants(bench) {
      const context = makeContext(bench);
      const builders = [wherryBuilder(bench), buildKit(bench), buildah(bench)];
      const close = async () => {
        for (const builder of builders) await builder.close?.();
      };
      const list: Contestant[] = [];
      try {
        for (const builder of builders) list.push(await contestant(builder, context, start));
      } catch (error) {
        await close();
        throw error;
      }
      return { list, close };
    },
  };
}

let changes = 0;

async function contestant(builder: Builder, context: string, start: Start): Promise<Contestant> {
  const { name, begin, renew, build } = builder;
  await begin();
  const command = () => build(context);
  if (start === 'cold') return { name, prepare: renew, command };
  run(command());
  if (start === 'cached') return { name, command };
  const prepare = () => writeFileSync(join(context, 'app', 'changed'), `change ${++changes}\n`);
  return { name, prepare, command };
}

function archiveOf(bench: Bench): string {
  return join(bench.images, BASE, 'docker.tar');
}

function wherryBuilder(bench: Bench): Builder {
  let root = '';
  const wherry = (...args: string[]) => [...bench.wherry, '--root', root, ...args];
  const renew = () => {
    root = fresh(bench, 'wherry');
    run(wherry('load', '-q', '-i', archiveOf(bench)));
    // The others have unpacked it when it is loaded.
    run(wherry('run', '--rm', BASE, '/bin/true'));
  };
  return { name: 'wherry', begin: renew, renew, build: (context) => wherry('build', '-q', context) };
}

function buildKit(bench: Bench): Builder {
  const dockerd = freshDockerd(bench);
  let loaded = '';
  return {
    name: 'buildkit',
    begin: async () => {
      await dockerd.restart();
      run(dockerd.docker('load', '-q', '-i', archiveOf(bench)));
      loaded = fresh(bench, 'loaded');
      run(['cp', '-a', await dockerd.stopped(), join(loaded, 'data')]);
      await dockerd.restartOn(join(loaded, 'data'));
    },
    renew: () => dockerd.restartOn(join(loaded, 'data')),
    build: (context) => [
      ...['env', 'DOCKER_BUILDKIT=1'],
      ...dockerd.docker('build', '-q', '--network', 'host', context),
    ],
    close: dockerd.close,
  };
}

function buildah(bench: Bench): Builder {
  let root = '';
  const renew = () => {
    root = fresh(bench, 'podman');
    run(podman(root, 'load', '-q', '-i', archiveOf(bench)));
  };
  return {
    name: 'buildah',
    begin: renew,
    renew,
    build: (context) =>
      podman(root, 'build', '-q', '--layers', '--network', 'host', ...PODMAN_LIMITS, context),
  };
}
