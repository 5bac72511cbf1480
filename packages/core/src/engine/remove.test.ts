import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../digest.ts';
import { WherryError } from '../errors.ts';
import { hostPlatform } from '../platform.ts';
import { familiarName, parseReference } from '../reference.ts';
import type { ContainerStatus } from '../runtime/container-state.ts';
import { EngineSandbox, nameAt, serveImage } from '../testing/engine-sandbox.ts';
import { makeImageFixture } from '../testing/image-fixtures.ts';
import { startMemoryRegistry } from '../testing/memory-registry.ts';
import { storeContainer } from '../testing/stored-container.ts';
import { storeImage } from '../testing/stored-image.ts';
import type { Engine } from './engine.ts';

// Recordings of a real Docker, from a directory beside the checkout.
const GOLDEN = new URL('../../../../../shared/golden/', import.meta.url);
const HOST = hostPlatform(process.platform, process.arch);

interface GoldenCase {
  readonly name: string;
  readonly argv: readonly string[];
  readonly state_before: { readonly images: readonly string[]; readonly containers: readonly string[] };
  readonly stdout?: readonly string[];
  readonly stderr?: readonly string[];
}

const FORCE = ['-f', '--force'];

/** Cases of images that the recordings' archive has. */
function playable(): GoldenCase[] {
  if (!existsSync(GOLDEN)) return [];
  const known = readIds().images.map((id) => id.slice(7, 19));
  const { cases } = JSON.parse(readFileSync(new URL('rmi.json', GOLDEN), 'utf8')) as { cases: GoldenCase[] };
  return cases.filter(
    ({ argv, state_before: before, stderr }) =>
      /rmi|rm|remove/.test(argv[0] === 'image' ? argv[1]! : argv[0]!) &&
      before.images.every((line) => known.includes(line.slice(0, 12))) &&
      !/Usage|--platform|requires/.test(stderr?.join('\n') ?? ''),
  );
}

function readIds() {
  const { image_ids: ids, manifest_digests_in_registry: digests } = JSON.parse(
    readFileSync(new URL('fixtures/ids.json', GOLDEN), 'utf8'),
  ) as Record<string, Record<string, Digest>>;
  return { images: Object.values(ids!), digests: Object.values(digests!) };
}

/** Makes the store hold what the recording's did: `<id> <names> digests: <names>`. */
async function prepare(sandbox: EngineSandbox, engine: Engine, images: readonly string[]): Promise<void> {
  await engine.load({ from: fileURLToPath(new URL('fixtures/images.tar.gz', GOLDEN)) });
  const store = sandbox.store();
  const { digests } = readIds();
  for (const name of store.metadata.listNames()) store.metadata.deleteName(name.ref);
  for (const facts of store.metadata.listImages()) {
    const line = images.find((image) => image.startsWith(facts.id.slice(7, 19)));
    if (!line) {
      store.metadata.deleteImage(facts.id);
      continue;
    }
    const [, tags = '', digestNames = ''] = /^\S+ (.*?)(?: digests: (.*))?$/.exec(line) ?? [];
    const names = [...tags.split(', '), ...digestNames.split(', ')].filter(
      (name) => name && name !== '<none>',
    );
    for (const name of names) {
      const [repository, short] = name.split('@');
      const digest = short && digests.find((each) => each.startsWith(short));
      const ref = parseReference(digest ? `${repository}@${digest}` : name);
      store.metadata.putName({ ref, target: facts.manifest, imageId: facts.id, taggedAt: new Date() });
    }
  }
  await store.sweep();
}

/** The same for containers: `<id> /<name> image=<image> state=<state>`. */
async function prepareContainers(
  sandbox: EngineSandbox,
  engine: Engine,
  containers: readonly string[],
): Promise<void> {
  for (const line of containers) {
    const [, id = '', name = '', image = '', status] =
      /^(\S+) \/(\S+) image=(\S+) state=(\S+)$/.exec(line) ?? [];
    const isHere = (await engine.images()).some((each) => each.id === image || !image.startsWith('sha256:'));
    const imageId = isHere && !image.startsWith('sha256:') ? (await engine.inspect(image)).Id : image;
    if (isHere)
      storeContainer(sandbox.store(), {
        ...{ id, name, imageId: imageId as Digest, status: status as ContainerStatus },
      });
  }
}

describe.skipIf(!existsSync(GOLDEN))('remove, as the recorded Docker', () => {
  test.each(playable())('$argv ($name)', async ({ argv, state_before: before, stdout, stderr }) => {
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    await prepare(sandbox, engine, before.images);
    await prepareContainers(sandbox, engine, before.containers);
    const words = argv[0] === 'image' ? argv.slice(2) : argv.slice(1);
    const force = words.some((word) => FORCE.includes(word));
    const [lines, errors]: [string[], string[]] = [[], []];
    for (const image of words.filter((word) => !FORCE.includes(word))) {
      try {
        for (const event of await engine.remove({ image, force }))
          lines.push('untagged' in event ? `Untagged: ${event.untagged}` : `Deleted: ${event.deleted}`);
      } catch (error) {
        if (!(error instanceof WherryError)) throw error;
        errors.push(`Error response from daemon: ${error.message}`);
      }
    }
    expect(lines).toEqual(stdout?.filter((line) => line !== ''));
    expect(errors).toEqual(stderr?.filter((line) => line !== ''));
    expect((await engine.check()).faults).toEqual([]);
  });
});

describe('remove', () => {
  const app = makeImageFixture({ platform: HOST, layers: [{ base: 'base' }, { app: 'app' }] });
  const tool = makeImageFixture({ platform: HOST, layers: [{ base: 'base' }, { tool: 'tool' }] });
  const idOf = (fixture: typeof app) => fixture.image.config.descriptor.digest;

  /** Both images, pulled from one registry. */
  async function pulled(sandbox: EngineSandbox, tags: readonly string[] = ['app', 'tool']) {
    await using registry = await startMemoryRegistry();
    serveImage(registry, 'team/app', '1', app);
    serveImage(registry, 'team/tool', '1', tool);
    const engine = sandbox.engine();
    for (const tag of tags) await engine.pull({ ref: nameAt(registry, `team/${tag}:1`) });
    return { engine, nameOf: (name: string) => familiarName(nameAt(registry, `team/${name}:1`)) };
  }

  test('keeps what another image needs, and leaves nothing after the last', async () => {
    await using sandbox = new EngineSandbox();
    const { engine, nameOf } = await pulled(sandbox);
    await engine.remove({ image: nameOf('app') });
    expect(sandbox.files('tocs')).toHaveLength(2);
    expect((await engine.check()).faults).toEqual([]);
    await engine.remove({ image: nameOf('tool') });
    expect(sandbox.contents()).toEqual([]);
    expect((await engine.check()).faults).toEqual([]);
  });

  test('keeps every blob while another tag names the image', async () => {
    await using sandbox = new EngineSandbox();
    const { engine, nameOf } = await pulled(sandbox, ['app']);
    await engine.tag({ source: nameOf('app'), target: parseReference('mine:1') });
    const before = sandbox.contents();
    expect(await engine.remove({ image: 'mine:1' })).toEqual([{ untagged: 'mine:1' }]);
    expect(sandbox.contents()).toEqual(before);
    expect(await engine.images()).toMatchObject([{ repoTags: [nameOf('app')] }]);
  });

  test('takes names alone, the last ones too, where only these are to go', async () => {
    await using sandbox = new EngineSandbox();
    const { engine, nameOf } = await pulled(sandbox, ['app']);
    storeContainer(sandbox.store(), { name: 'c', imageId: idOf(app), id: 'c0ffee' });
    const target = parseReference('mine:1');
    await engine.tag({ source: nameOf('app'), target });
    await engine.pin('mine:1');
    const before = sandbox.contents();
    const taken = await engine.remove({ image: 'mine:1', untagOnly: true });
    expect(taken).toEqual([{ untagged: 'mine:1' }]);
    await engine.tag({ source: nameOf('app'), target });
    const events = await engine.remove({ image: idOf(app), untagOnly: true });
    expect(events).toHaveLength(3);
    expect(events.every((event) => 'untagged' in event)).toBe(true);
    expect(await engine.images()).toMatchObject([{ id: idOf(app), repoTags: [], repoDigests: [] }]);
    expect(sandbox.contents()).toEqual(before);
    expect((await engine.check()).faults).toEqual([]);
  });

  test('refuses an image that a container has, unless forced', async () => {
    await using sandbox = new EngineSandbox();
    const { engine, nameOf } = await pulled(sandbox, ['app']);
    const [image, name] = [idOf(app), nameOf('app')];
    storeContainer(sandbox.store(), { name: 'c', imageId: image, id: 'c0ffee' });
    const short = image.slice(7, 19);
    await expect(engine.remove({ image: name })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `conflict: unable to remove repository reference "${name}" (must force) - container c0ffee000000 is using its referenced image ${short}`,
    });
    await expect(engine.remove({ image: short })).rejects.toMatchObject({
      message: `conflict: unable to delete ${short} (must be forced) - image is being used by stopped container c0ffee000000`,
    });
    await engine.tag({ source: image, target: parseReference('mine:1') });
    expect(await engine.remove({ image: 'mine:1' })).toEqual([{ untagged: 'mine:1' }]);
    const before = sandbox.files('blobs');
    const events = await engine.remove({ image: short, force: true });
    expect(events.slice(-1)).toEqual([{ deleted: image }]);
    expect(await engine.images({ all: true })).toEqual([]);
    // All but the manifest: the container has to start again.
    expect(sandbox.files('blobs')).toHaveLength(before.length - 1);
    expect((await engine.check()).faults).toEqual([]);
  });

  test('takes no more than its name from an image that runs, and never its ID', async () => {
    await using sandbox = new EngineSandbox();
    const { engine, nameOf } = await pulled(sandbox, ['app']);
    const [image, short] = [idOf(app), idOf(app).slice(7, 19)];
    storeContainer(sandbox.store(), { name: 'c', imageId: image, id: 'c0ffee', status: 'paused' });
    for (const force of [false, true])
      await expect(engine.remove({ image: short, force })).rejects.toMatchObject({
        code: 'CONFLICT',
        message: `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container c0ffee000000`,
      });
    const events = await engine.remove({ image: nameOf('app'), force: true });
    expect(events.every((event) => 'untagged' in event)).toBe(true);
    expect(await engine.images()).toMatchObject([{ id: image, repoTags: [], repoDigests: [] }]);
    expect((await engine.check()).faults).toEqual([]);
  });

  test('refuses the parent of an image, and takes untagged parents along unless told otherwise', async () => {
    await using sandbox = new EngineSandbox();
    const { engine, nameOf } = await pulled(sandbox);
    const store = sandbox.store();
    const [parent, kid] = [idOf(app), idOf(tool)];
    const facts = store.metadata.findImage(kid)!;
    store.metadata.putImage({ ...facts, parent }, [], []);
    for (const force of [false, true])
      await expect(engine.remove({ image: parent, force })).rejects.toMatchObject({
        code: 'CONFLICT',
        message: `conflict: unable to delete ${parent.slice(7, 19)} (cannot be forced) - image has dependent child images`,
      });
    // By its name it only loses that.
    expect(await engine.remove({ image: nameOf('app') })).toHaveLength(2);
    expect((await engine.images({ all: true })).map(({ id }) => id).sort()).toEqual([parent, kid].sort());
    expect((await engine.images()).map(({ id }) => id)).toEqual([kid]);
    expect(await engine.history(kid)).toMatchObject([{ id: kid }, { id: parent, tags: [] }]);
    const events = await engine.remove({ image: kid, noPrune: true });
    expect(events).toContainEqual({ deleted: kid });
    expect(events).not.toContainEqual({ deleted: parent });
    expect(await engine.remove({ image: parent })).toContainEqual({ deleted: parent });
    expect(sandbox.contents()).toEqual([]);
  });

  test('takes the documents of an untagged parent along too', async () => {
    await using sandbox = new EngineSandbox();
    const store = sandbox.store();
    const parent = storeImage(store, 'parent');
    const kid = storeImage(store, 'kid', { parent: parent.id, names: ['kid:1'] });
    const events = await sandbox.engine().remove({ image: 'kid:1' });
    expect(events).toEqual([{ untagged: 'kid:1' }, { deleted: kid.id }, { deleted: parent.id }]);
    expect(sandbox.contents()).toEqual([]);
  });

  test('refuses a pinned image without force, and takes off one of its names', async () => {
    await using sandbox = new EngineSandbox();
    const { id } = storeImage(sandbox.store(), 'a', { names: ['a:1', 'a:2'] });
    const engine = sandbox.engine();
    expect([await engine.pin('a:1'), await engine.pin(id)]).toEqual([true, false]);
    expect(await engine.remove({ image: 'a:2' })).toEqual([{ untagged: 'a:2' }]);
    for (const image of ['a:1', id])
      await expect(engine.remove({ image })).rejects.toMatchObject({
        code: 'CONFLICT',
        message: `conflict: unable to delete ${id.slice(7, 19)} (must be forced) - image is pinned`,
      });
    expect(await engine.images({ pinned: true })).toMatchObject([{ id, repoTags: ['a:1'] }]);
    expect(await engine.remove({ image: 'a:1', force: true })).toHaveLength(2);
    expect(sandbox.contents()).toEqual([]);
    await expect(engine.unpin(id)).rejects.toMatchObject({ code: 'IMAGE_UNKNOWN' });
  });

  test('does not take from a pull what it is about to name', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', app);
    serveImage(registry, 'team/tool', '1', tool);
    const [first, second] = [nameAt(registry, 'team/app:1'), nameAt(registry, 'team/tool:1')];
    const engine = sandbox.engine();
    for (let round = 0; round < 5; round++) {
      await engine.pull({ ref: first });
      await Promise.all([
        sandbox.engine().pull({ ref: second }),
        sandbox.engine().remove({ image: familiarName(first) }),
      ]);
      expect((await engine.check()).faults).toEqual([]);
      await engine.remove({ image: familiarName(second) });
    }
    expect(sandbox.contents()).toEqual([]);
  });

  test('says of an ambiguous beginning of an ID what Docker says, and more', async () => {
    await using sandbox = new EngineSandbox();
    const { engine } = await pulled(sandbox);
    const store = sandbox.store();
    const facts = store.metadata.findImage(idOf(app))!;
    const twin = `sha256:${idOf(app).slice(7, 20)}${'0'.repeat(51)}` as Digest;
    store.metadata.putImage({ ...facts, id: twin }, [], []);
    const prefix = idOf(app).slice(7, 17);
    await expect(engine.inspect(prefix)).rejects.toMatchObject({
      code: 'IMAGE_UNKNOWN',
      message: `No such image: ${prefix}:latest`,
      hint: expect.stringContaining('several image IDs begin with'),
    });
  });
});
