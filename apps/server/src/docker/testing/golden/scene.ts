import { Readable } from 'node:stream';
import { type Engine, familiarRepository, parseReference } from '@wherry/core';
import { classicArchive, type RecordedImages, recordedImage } from '@wherry/core/testing/golden';
import type { ApiCase } from './exchanges.ts';

const UBUNTU = '68564a3a51fc ubuntu:18.04 digests: ubuntu@sha256:b077fbc2253d';
const CENTOS = 'c6185e1e55a7 centos:latest, mycentos:latest digests: centos@sha256:91dcb74e1491';
const HELLO = '977b8b4966d5 hello-world:latest digests: hello-world@sha256:6cd708c0cf61';
const APP = 'b7c7ffa426e7 127.0.0.1:5055/team/app:1.0 digests: 127.0.0.1:5055/team/app@sha256:2a7e095a6a15';
const ALL = [UBUNTU, CENTOS, HELLO, APP];
const PUSHED = HELLO.replace(' digests', ', 127.0.0.1:5055/rawpush/hw:1 digests');
const TWO_NAMES = HELLO.replace(' digests', ', hw2:1 digests');

/** What plain requests start from, by their file, or by the case where it has a state of its own. */
const SCENES: Readonly<Record<string, readonly string[]>> = {
  commit: [UBUNTU],
  containers: [UBUNTU],
  exec: [UBUNTU],
  general: ALL,
  'general/system-df': ['977b8b4966d5 hello-world:latest'],
  'general/system-df-v': ['977b8b4966d5 hello-world:latest'],
  history: ALL,
  images: ALL,
  inspect: ALL,
  prune: ALL,
  'prune/raw-all': [UBUNTU, HELLO],
  'pull/raw-again': [UBUNTU],
  'pull/raw-bad-auth-header': [UBUNTU],
  'pull/raw-no-tag-pulls-all': [UBUNTU],
  'pull/raw-platform': [UBUNTU],
  'pull/raw-with-auth': [APP],
  push: [PUSHED],
  'rmi/raw-tag': [HELLO.replace(' digests', ', hw:1 digests')],
  rmi: [TWO_NAMES, CENTOS.replace(', mycentos:latest', '')],
  save: ALL,
  tag: ALL,
};

/** A request that the recorder made before a case, and did not record. */
export interface Preparation {
  readonly url: string;
  readonly body?: object;
  /** Asked again and again until the answer has this in it: the recorder had waited. */
  readonly until?: RegExp;
}

const RUNS: readonly Preparation[] = ['live', 'ex', 'r2'].flatMap((name) => [
  { url: `/containers/create?name=${name}`, body: { Image: 'ubuntu:18.04', Cmd: ['sleep', '600'] } },
  { url: `/containers/${name}/start` },
]);
const PREPARATIONS: Readonly<Record<string, readonly Preparation[]>> = {
  'commit/message-author': [
    { url: '/containers/create?name=c1', body: { Image: 'ubuntu:18.04', Cmd: ['sh', '-c', 'echo x > /f'] } },
    { url: '/containers/c1/start' },
    { url: '/containers/c1/wait' },
  ],
  'containers/raw-json-size': [{ url: '/containers/r1/logs?stdout=1', until: /out.*out/s }],
  'containers/raw-kill-stopped': [{ url: '/containers/r2/json', until: /"Running":false/ }],
  'containers/raw-start-running': RUNS.slice(4, 6),
  'exec/raw-create': RUNS.slice(2, 4),
};

/** What has to be asked before a case. */
export function preparationsOf({ id }: ApiCase): readonly Preparation[] {
  return PREPARATIONS[id] ?? [];
}

/** The lines that tell what images a case starts from. */
export function sceneOf({ file, id, imagesBefore }: ApiCase): readonly string[] {
  return SCENES[id] ?? imagesBefore ?? SCENES[file] ?? [];
}

/** Brings the images of a scene, but those that the recording had built, as the recording brought them. */
export async function setScene(engine: Engine, recorded: ApiCase, images: RecordedImages): Promise<void> {
  for (const line of sceneOf(recorded)) {
    if (!images.isRecorded(line)) continue;
    const [names = '', digests = ''] = line.split(' digests: ');
    const [shortId = '', ...rest] = names.split(' ');
    const tags = rest
      .join(' ')
      .split(', ')
      .filter((tag) => tag !== '<none>');
    if (recorded.file === 'push') await pullElsewhere(engine, tags, shortId, images);
    else if (digests === '') await loadImage(engine, shortId, tags, images);
    else await pullImage(engine, digests.split(', '), tags, shortId, images);
  }
}

async function loadImage(
  engine: Engine,
  shortId: string,
  tags: readonly string[],
  images: RecordedImages,
): Promise<void> {
  const archive = classicArchive(recordedImage(images, shortId, tags));
  await engine.load({ from: Readable.from([archive]) });
}

async function pullImage(
  engine: Engine,
  digests: readonly string[],
  tags: readonly string[],
  shortId: string,
  images: RecordedImages,
): Promise<void> {
  const platform = images.find(shortId)?.platform;
  const left = new Set(tags);
  for (const digest of digests) {
    const [repository = ''] = digest.split('@');
    const own = tags.filter((tag) => familiarRepository(parseReference(tag)) === repository);
    for (const tag of own) {
      // Names of other repositories, and of this one that its registry does not have, were given later.
      if (own.indexOf(tag) > 0) continue;
      await engine.pull({ ref: parseReference(tag), ...(platform && { platform }) });
      left.delete(tag);
    }
  }
  const source = `sha256:${images.find(shortId)?.id.slice('sha256:'.length)}`;
  for (const tag of left) await engine.tag({ source, target: parseReference(tag) });
}

/** Pulls an image by a name that its registry has from the beginning, and gives it those of the scene. */
async function pullElsewhere(
  engine: Engine,
  tags: readonly string[],
  shortId: string,
  images: RecordedImages,
): Promise<void> {
  const digest = images.find(shortId)?.manifest.digest;
  const [name] = Object.entries(images.tags).find(([, target]) => target.digest === digest) ?? [];
  if (name === undefined) throw new Error(`no registry has ${shortId}`);
  const source = `127.0.0.1:5055/${name}`;
  await engine.pull({ ref: parseReference(source) });
  for (const tag of tags) await engine.tag({ source, target: parseReference(tag) });
  if (!tags.includes(source)) await engine.remove({ image: source });
}
