import { describe, expect, test } from 'vitest';
import { parseReference, type Reference, withDigest } from '../reference.ts';
import { EngineSandbox, nameAt, requestsOf, serveImage } from '../testing/engine-sandbox.ts';
import { makeImageFixture } from '../testing/image-fixtures.ts';
import { instantClient } from '../testing/instant-client.ts';
import { sourceOf } from '../testing/layer-fixtures.ts';
import { type MemoryRegistry, type ScriptedFault, startMemoryRegistry } from '../testing/memory-registry.ts';
import { PULLED_IMAGE, PULLED_INDEX, pulled } from '../testing/pulled-store.ts';
import { tarOf } from '../testing/tar-fixtures.ts';
import { outdated } from './outdated.ts';

const newer = makeImageFixture({ layers: [{ app: 'newer' }] });
const NOTHING = { outdated: [], madeHere: [], failures: [] };

/** Serves images under names such as `team/app:1`, pulls them all, and forgets the requests. */
async function pullAll(sandbox: EngineSandbox, registry: MemoryRegistry, names: readonly string[]) {
  const engine = sandbox.engine();
  const refs: Reference[] = [];
  for (const name of names) {
    const ref = nameAt(registry, name);
    serveImage(registry, ref.path, ref.tag ?? '', PULLED_IMAGE);
    await engine.pull({ ref });
    refs.push(ref);
  }
  return refs;
}

/** The verb over a client that waits for nothing. */
async function compare(sandbox: EngineSandbox, names?: readonly Reference[]) {
  await using client = instantClient();
  const deps = { store: sandbox.store(), registry: client, jobs: 2 };
  return await outdated(deps, names ? { names } : {});
}

describe('outdated', () => {
  test('finds nothing in an empty store', async () => {
    await using sandbox = new EngineSandbox();
    expect(await sandbox.engine().outdated()).toEqual(NOTHING);
  });

  test('asks by one HEAD for each tag, and finds them current', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    await pullAll(sandbox, registry, ['team/app:1', 'team/app:2', 'other:1']);
    const before = registry.requests.length;
    expect(await sandbox.engine().outdated()).toEqual(NOTHING);
    expect(requestsOf(registry, before)).toEqual(Array(3).fill('HEAD manifest'));
  });

  test('finds the tags that have moved, in the order of their names', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const [b, , a] = await pullAll(sandbox, registry, ['team/b:1', 'team/b:2', 'team/a:1']);
    const there = serveImage(registry, 'team/b', '1', newer).digest;
    serveImage(registry, 'team/a', '1', newer);
    const here = PULLED_IMAGE.image.manifest.descriptor.digest;
    expect(await compare(sandbox)).toEqual({
      ...NOTHING,
      outdated: [a, b].map((ref) => ({ ref, here, registry: there })),
    });
  });

  test('asks for the names that are given alone', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    await pullAll(sandbox, registry, ['team/a:latest', 'team/b:1']);
    for (const path of ['team/a', 'team/b']) serveImage(registry, path, '1', newer);
    serveImage(registry, 'team/a', 'latest', newer);
    const { outdated: found } = await compare(sandbox, [nameAt(registry, 'team/a')]);
    expect(found.map(({ ref }) => ref)).toEqual([nameAt(registry, 'team/a:latest')]);
  });

  test('refuses names that are not here, and digests, before it asks anybody', async () => {
    await using store = await pulled();
    const before = store.registry.requests.length;
    const [nosuch, digest] = [
      parseReference('nosuch'),
      withDigest(store.ref, PULLED_INDEX.descriptor.digest),
    ];
    await expect(store.engine.outdated({ names: [store.ref, nosuch] })).rejects.toMatchObject({
      code: 'IMAGE_UNKNOWN',
      message: 'No such image: nosuch:latest',
    });
    await expect(store.engine.outdated({ names: [digest] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(store.registry.requests).toHaveLength(before);
  });

  test('passes over what was only made here', async () => {
    await using store = await pulled();
    const { engine, registry } = store;
    const [imported, tagged, copied] = [
      parseReference('tiny:1'),
      nameAt(registry, 'team/tagged:1'),
      // Of a repository that has the image, but under another tag.
      nameAt(registry, 'team/app:mine'),
    ];
    await engine.import({
      from: sourceOf([tarOf({ name: 'a', type: 'file', content: 'a' })]),
      ref: imported,
    });
    await engine.tag({ source: `${registry.host}/team/app:1`, target: tagged });
    await engine.tag({ source: `${registry.host}/team/app:1`, target: copied });
    const result = await engine.outdated();
    expect(result).toMatchObject({ outdated: [], failures: [] });
    expect(result.madeHere).toEqual([copied, tagged, imported]);
  });

  test('asks for what was pushed, also when no more than the one manifest of an index was', async () => {
    await using store = await pulled();
    const { engine, registry } = store;
    const target = nameAt(registry, 'team/pushed:1');
    await engine.tag({ source: `${registry.host}/team/app:1`, target });
    await engine.push({ ref: target });
    expect(await engine.outdated()).toEqual(NOTHING);
    serveImage(registry, 'team/pushed', '1', newer);
    expect((await engine.outdated()).outdated.map(({ ref }) => ref)).toEqual([target]);
  });

  test('asks for what an archive brought once a pull has found it up to date', async () => {
    await using store = await pulled();
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    await engine.load({ from: store.engine.save({ images: [`${store.registry.host}/team/app:1`] }) });
    expect((await engine.outdated()).madeHere).toEqual([store.ref]);
    expect(await engine.pull({ ref: store.ref })).toMatchObject({ status: 'up-to-date' });
    expect(await engine.outdated()).toEqual(NOTHING);
  });

  test.each<{ name: string; fault: ScriptedFault; codes: string[]; asked: number }>([
    {
      name: 'a registry that limits requests once, and does not ask it again',
      fault: { on: 'HEAD manifest', times: 99, status: 429 },
      codes: ['RATE_LIMITED'],
      asked: 2,
    },
    {
      name: 'a registry that wants a login once',
      fault: { on: 'HEAD manifest', times: 99, status: 401 },
      codes: ['UNAUTHORIZED'],
      asked: 5,
    },
    {
      name: 'a broken registry once',
      fault: { on: 'HEAD manifest', times: 99, status: 500 },
      codes: ['REGISTRY_ERROR'],
      asked: 5,
    },
    {
      name: 'each repository that is refused',
      fault: { on: 'HEAD manifest', times: 99, status: 403 },
      codes: ['DENIED', 'DENIED'],
      asked: 5,
    },
    {
      name: 'each tag that was pulled and is gone',
      fault: { on: 'HEAD manifest', times: 99, status: 404 },
      codes: Array(5).fill('MANIFEST_UNKNOWN'),
      asked: 5,
    },
  ])('tells of $name', async ({ fault, codes, asked }) => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    await pullAll(sandbox, registry, ['a:1', 'a:2', 'a:3', 'b:1', 'b:2']);
    registry.addFault(fault);
    const before = registry.requests.length;
    const result = await compare(sandbox);
    expect(result.failures.map(({ error }) => error.code)).toEqual(codes);
    expect(result).toMatchObject({ outdated: [], madeHere: [] });
    expect(result.failures.map((failure) => failure.registry)).toEqual(codes.map(() => registry.host));
    const paths = registry.requests.slice(before).filter(({ kind }) => kind === 'manifest');
    expect(new Set(paths.map(({ path }) => path)).size).toBe(asked);
  });

  test('tells of a registry that cannot be reached once, and still compares the others', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const gone = await startMemoryRegistry();
    await pullAll(sandbox, gone, ['a:1', 'a:2', 'b:1']);
    const [ref] = await pullAll(sandbox, registry, ['a:1']);
    await gone[Symbol.asyncDispose]();
    serveImage(registry, 'a', '1', newer);
    const result = await compare(sandbox);
    expect(result.outdated.map((one) => one.ref)).toEqual([ref]);
    expect(result.failures).toMatchObject([{ registry: gone.host, error: { code: 'UNREACHABLE' } }]);
  });

  test('ends when it is cancelled', async () => {
    await using store = await pulled();
    const asked = store.engine.outdated({}, { signal: AbortSignal.abort() });
    await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
