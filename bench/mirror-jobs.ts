import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bench, closing, fresh, type Job } from './jobs.ts';
import { type Contestant, run } from './measure.ts';
import { type Peer, startDockerRegistry, startWherryServe } from './peers.ts';

/** The name that the upstream has to the mirror: a path takes no port. */
const UPSTREAM = 'up.example';
/** A warm registry sends an image faster than a program starts: so many are timed together. */
const HITS = 5;

/** Serving what is cached, against serving what was pushed: the same bytes from the same store. */
export function mirrorHitJob(image: string, goals: Record<string, number>, rounds = 5): Job {
  return {
    name: `GET ${image} from the mirror's cache`,
    goals,
    rounds,
    async contestants(bench) {
      const upstream = await filledRegistry(bench, image);
      const mirror = await startMirror(bench, upstream);
      push(bench, image, `${mirror.address}/own/${image}`);
      const get = (name: string) => getBlobs(bench, image, `http://${mirror.address}/v2/${name}`);
      run(get(`${UPSTREAM}/${image}`));
      const list: Contestant[] = [
        { name: 'wherry', command: () => get(`${UPSTREAM}/${image}`) },
        { name: 'own registry', command: () => get(`own/${image}`) },
      ];
      return { list, close: closing(mirror.stop, upstream.stop) };
    },
  };
}

/** The first pull of an image through the mirror, against one past it. */
export function mirrorMissJob(image: string, goals: Record<string, number>, rounds = 5): Job {
  return {
    name: `pull ${image} through the mirror, first`,
    goals,
    rounds,
    async contestants(bench) {
      const upstream = await filledRegistry(bench, image);
      let mirror: Peer | undefined;
      const stop = async () => mirror?.stop();
      const copy = (name: string) => [
        ...['skopeo', '--insecure-policy', 'copy', '-q', '--src-tls-verify=false'],
        ...[`docker://${name}:latest`, `dir:${fresh(bench, 'dir')}`],
      ];
      const list: Contestant[] = [
        {
          name: 'wherry',
          prepare: async () => {
            await stop();
            mirror = await startMirror(bench, upstream);
          },
          command: () => copy(`${mirror?.address}/${UPSTREAM}/${image}`),
        },
        { name: 'docker-registry', command: () => copy(`${upstream.address}/${image}`) },
      ];
      return { list, close: closing(stop, upstream.stop) };
    },
  };
}

async function filledRegistry(bench: Bench, image: string): Promise<Peer> {
  const registry = await startDockerRegistry(fresh(bench, 'registry'));
  push(bench, image, `${registry.address}/${image}`);
  return registry;
}

function startMirror(bench: Bench, upstream: Peer): Promise<Peer> {
  return startWherryServe(fresh(bench, 'mirror'), bench.wherry, [
    '--mirror',
    `${UPSTREAM}=${upstream.address}`,
  ]);
}

function push(bench: Bench, image: string, name: string): void {
  const from = `oci:${bench.images}/${image}/oci:latest`;
  run([
    'skopeo',
    '--insecure-policy',
    'copy',
    '-q',
    '--dest-tls-verify=false',
    from,
    `docker://${name}:latest`,
  ]);
}

/** Reads every layer of an image several times over, in one program that does nothing with them. */
function getBlobs(bench: Bench, image: string, repository: string): string[] {
  const urls = layersOf(bench, image).map((digest) => `${repository}/blobs/${digest}`);
  const all = Array.from({ length: HITS }, () => urls).flat();
  return ['curl', '-sSf', ...all.flatMap((url) => ['-o', '/dev/null', url])];
}

function layersOf(bench: Bench, image: string): string[] {
  const layout = join(bench.images, image, 'oci');
  const read = (path: string) => JSON.parse(readFileSync(join(layout, path), 'utf8'));
  const [target] = read('index.json').manifests as { digest: string }[];
  const manifest = read(join('blobs', ...(target?.digest ?? '').split(':'))) as {
    layers: { digest: string }[];
  };
  return manifest.layers.map(({ digest }) => digest);
}
