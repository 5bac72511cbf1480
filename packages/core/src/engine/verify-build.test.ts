import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BuildEvent } from '../build/build-event.ts';
import { buildDirectory, loadBase, writeContext } from '../testing/build-context.ts';
import { EngineSandbox } from '../testing/engine-sandbox.ts';
import { HOST, OTHER } from '../testing/multi-platform.ts';
import { type FixtureEntry, tarOf } from '../testing/tar-fixtures.ts';
import { BuildTrace, firstDifference } from './builds/verify/build-difference.ts';
import type { Engine } from './engine.ts';

let sandbox: EngineSandbox;
let engine: Engine;
beforeEach(() => {
  sandbox = new EngineSandbox();
  engine = sandbox.engine();
});
afterEach(() => sandbox[Symbol.asyncDispose]());

describe('verifyBuild', () => {
  test('finds that two builds of the same are the same, and names nothing', async () => {
    const path = writeContext(sandbox.path('context'), {
      Dockerfile: 'FROM scratch AS a\nCOPY x /\nFROM scratch\nCOPY --from=a /x /y\nWORKDIR /w\nLABEL a=b\n',
      x: 'x',
    });
    const context = { kind: 'directory', path } as const;
    const events: BuildEvent[] = [];
    const result = await engine.verifyBuild(
      { context, platforms: [HOST, OTHER] },
      { onBuildEvent: (event) => events.push(event) },
    );
    expect(result).toEqual({ id: expect.stringMatching(/^sha256:/), warnings: [] });
    const attempts = events.flatMap((event) => (event.kind === 'build-attempt' ? event.number : []));
    expect(attempts).toEqual([1, 2]);
    expect(events.filter(({ kind }) => kind === 'build-step-cached')).toEqual([]);
    expect(await engine.names()).toEqual([]);
    expect((await buildDirectory(engine, path, { platforms: [HOST] })).id).toBe(result.id);
    expect((await engine.check()).faults).toEqual([]);
  });
});

describe('the first difference of two builds', () => {
  /** Builds both, and says where they went apart. */
  async function difference(first: Built, second: Built) {
    const traces = [await trace(first, 'one'), await trace(second, 'two')] as const;
    return firstDifference(sandbox.store(), traces, new AbortController().signal);
  }

  interface Built {
    readonly files: Readonly<Record<string, string>>;
    /** What `FROM base:1` is. */
    readonly base?: readonly FixtureEntry[];
  }

  async function trace({ files, base }: Built, name: string): Promise<BuildTrace> {
    if (base) await loadBase(engine, { names: ['base:1'], tars: [tarOf(...base)] });
    const { events } = await buildDirectory(engine, writeContext(sandbox.path(name), files), {
      noCache: true,
    });
    const found = new BuildTrace();
    for (const event of events) found.note(event);
    return found;
  }

  const file = (more: Partial<FixtureEntry> = {}): FixtureEntry => ({
    name: 'f',
    type: 'file',
    content: 'x',
    ...more,
  });
  const FROM = { Dockerfile: 'FROM base:1\nLABEL a=b\n' };

  test.each([
    {
      name: 'the content of a file',
      first: file(),
      second: file({ content: 'y' }),
      kind: 'changed',
      changes: ['content'],
    },
    {
      name: 'all that is known of a file',
      first: file(),
      second: file({ mode: 0o600, uid: 1, mtime: 5 }),
      kind: 'changed',
      changes: ['mode', 'owner', 'time'],
    },
    {
      name: 'a file that the first has',
      first: file(),
      second: file({ name: 'g' }),
      kind: 'gone',
      changes: [],
    },
    {
      name: 'where a link leads',
      first: file({ type: 'symlink', content: '', link: 'a' } as never),
      second: file({ type: 'symlink', content: '', link: 'b' } as never),
      kind: 'changed',
      changes: ['target'],
    },
  ])('is $name', async ({ first, second, kind, changes }) => {
    const found = await difference({ files: FROM, base: [first] }, { files: FROM, base: [second] });
    expect(found).toMatchObject({
      kind: 'file',
      layer: 0,
      step: { number: 1, text: 'FROM base:1' },
      file: { path: '/f', kind, changes: changes.map((what) => expect.objectContaining({ what })) },
    });
  });

  test('is the order of a layer where its files are the same', async () => {
    const [a, b] = [file({ name: 'a' }), file({ name: 'b' })];
    const found = await difference({ files: FROM, base: [a, b] }, { files: FROM, base: [b, a] });
    expect(found).toMatchObject({ kind: 'layer', layer: 0 });
  });

  test('is in the first step that has one, in whatever stage', async () => {
    const Dockerfile = 'FROM scratch AS a\nCOPY x /\nFROM scratch\nCOPY --from=a /x /\n';
    const found = await difference({ files: { Dockerfile, x: '1' } }, { files: { Dockerfile, x: '22' } });
    expect(found).toMatchObject({
      kind: 'file',
      step: { number: 2, stageName: 'a', text: 'COPY x /' },
      file: { path: '/x', kind: 'changed' },
    });
  });

  test('is a field of the config where all layers are the same', async () => {
    const dockerfile = (value: string) => ({
      Dockerfile: `FROM scratch\nLABEL a=b\nLABEL c=${value}\nLABEL e=f\n`,
    });
    const found = await difference({ files: dockerfile('d') }, { files: dockerfile('e') });
    expect(found).toMatchObject({
      kind: 'config',
      step: { number: 3 },
      field: 'config.Labels.c',
      from: '"d"',
      to: '"e"',
    });
  });
});
