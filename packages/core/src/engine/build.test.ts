import { chmodSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BuildEvent } from '../build/build-event.ts';
import { writeDockerArchive } from '../image/docker-archive-writer.ts';
import { parseReference } from '../reference.ts';
import { EngineSandbox } from '../testing/engine-sandbox.ts';
import { makeImageFixture, storeOf } from '../testing/image-fixtures.ts';
import type { BuildRequest } from './build-request.ts';
import type { Engine } from './engine.ts';

let sandbox: EngineSandbox;
let engine: Engine;
beforeEach(async () => {
  sandbox = new EngineSandbox();
  engine = sandbox.engine();
  await loadBase(engine);
});
afterEach(() => sandbox[Symbol.asyncDispose]());

async function loadBase(into: Engine): Promise<void> {
  const fixture = makeImageFixture({
    names: ['base:1'],
    layers: [{ 'etc/passwd': 'root:x:0:0::/:/bin/sh\napp:x:7:8::/:/bin/sh\n' }],
    config: { Env: ['PATH=/bin'], Cmd: ['sh'] },
  });
  await into.load({ from: writeDockerArchive([fixture.image], await storeOf([fixture])) });
}

/** Writes a context below the sandbox. */
function contextOf(files: Readonly<Record<string, string>>, name = 'context'): string {
  const directory = join(sandbox.directory, name);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
    chmodSync(join(directory, path), 0o644);
  }
  return directory;
}

async function build(path: string, request: Partial<BuildRequest> = {}, by = engine) {
  const events: BuildEvent[] = [];
  const context = { kind: 'directory', path } as const;
  const onBuildEvent = (event: BuildEvent) => events.push(event);
  const result = await by.build({ context, ...request }, { onBuildEvent });
  return { ...result, events };
}

/** What became of each step: `cached`, `done`. */
function fates(events: readonly BuildEvent[]): string[] {
  return events.flatMap((event) =>
    event.kind === 'build-step-cached' ? ['cached'] : event.kind === 'build-step-done' ? ['done'] : [],
  );
}

const FILES = {
  Dockerfile: 'FROM base:1\nARG V=1\nENV A=$V\nWORKDIR /app\nCOPY . .\nCMD ["run"]\n',
  '.dockerignore': 'skipped\n',
  skipped: 'no',
  'a.txt': 'a',
  'dir/b.txt': 'b',
};

describe('build', () => {
  test('makes an image of a context, with a parent for each step', async () => {
    const { id, events } = await build(contextOf(FILES), { tags: [parseReference('app:1')] });
    const image = await engine.inspect('app:1');
    expect(image.Id).toBe(id);
    expect(image.Config).toMatchObject({ Env: ['PATH=/bin', 'A=1'], Cmd: ['run'], WorkingDir: '/app' });
    expect(events.map(({ kind }) => kind).filter((kind) => kind !== 'build-step-runs')).toEqual([
      'build-context',
      ...Array.from({ length: 6 }, () => ['build-step', 'build-step-done']).flat(),
      'built',
      'build-tagged',
    ]);
    const history = await engine.history('app:1');
    expect(history.map(({ createdBy }) => createdBy)).toEqual([
      '/bin/sh -c #(nop)  CMD ["run"]',
      expect.stringMatching(/^\/bin\/sh -c #\(nop\) COPY dir:[0-9a-f]{64} in \. $/),
      '/bin/sh -c #(nop) WORKDIR /app',
      '/bin/sh -c #(nop)  ENV A=1',
      '/bin/sh -c #(nop)  ARG V=1',
      'COPY 0',
    ]);
    expect(image.Parent).toMatch(/^sha256:/);
    expect(image.Created).toBe((await engine.inspect('base:1')).Created);
  });

  test('takes unchanged steps from the cache, whatever the times of files', async () => {
    const directory = contextOf(FILES);
    await build(directory);
    utimesSync(join(directory, 'a.txt'), 1, 1);
    const again = await build(directory);
    expect(fates(again.events)).toEqual(['done', 'cached', 'cached', 'cached', 'cached', 'cached']);
    writeFileSync(join(directory, 'a.txt'), 'changed');
    const changed = await build(directory, { explain: true });
    expect(fates(changed.events)).toEqual(['done', 'cached', 'cached', 'cached', 'done', 'done']);
    const copy = changed.events.find((event) => event.kind === 'build-step-done' && event.step.number === 5);
    expect(copy).toMatchObject({ explanation: expect.stringContaining('a.txt') });
  });

  test('tells sources in another order from the same ones', async () => {
    const files = { 'x/a': 'first', 'y/a': 'second' };
    const first = await build(contextOf({ ...files, Dockerfile: 'FROM scratch\nCOPY x/a y/a /\n' }));
    const second = await build(contextOf({ ...files, Dockerfile: 'FROM scratch\nCOPY y/a x/a /\n' }));
    expect(fates(second.events)).toEqual(['done', 'done']);
    expect((await engine.inspect(String(first.id))).Size).toBe('second'.length);
    expect((await engine.inspect(String(second.id))).Size).toBe('first'.length);
  });

  test('says what it would make again when the cache is not to be asked', async () => {
    const directory = contextOf(FILES);
    const first = await build(directory);
    const again = await build(directory, { noCache: true });
    expect(fates(again.events)).toEqual(Array.from({ length: 6 }, () => 'done'));
    expect(again.id).toBe(first.id);
  });

  test('gives the same image in another place, at another time, with another umask', async () => {
    const first = await build(contextOf(FILES), {});
    await using other = new EngineSandbox();
    const elsewhere = other.engine();
    await loadBase(elsewhere);
    const umask = process.umask(0o077);
    try {
      const directory = contextOf(Object.fromEntries(Object.entries(FILES).reverse()), 'elsewhere');
      mkdirSync(join(directory, 'later'));
      rmSync(join(directory, 'later'), { recursive: true });
      chmodSync(join(directory, 'dir'), 0o755);
      utimesSync(join(directory, 'a.txt'), 5, 5);
      const second = await build(directory, {}, elsewhere);
      expect(second.id).toBe(first.id);
    } finally {
      process.umask(umask);
    }
  });

  test('dates all that it makes with SOURCE_DATE_EPOCH', async () => {
    const { id } = await build(contextOf(FILES), { epoch: 86_400 });
    expect((await engine.inspect(String(id))).Created).toBe('1970-01-02T00:00:00Z');
  });

  test('builds only what the target needs, and takes files from stages', async () => {
    const directory = contextOf({
      Dockerfile:
        'FROM base:1 AS unused\nCOPY nosuch /\nFROM base:1 AS files\nCOPY a /out/a\nFROM scratch\nCOPY --from=files /out/ /\n',
      a: 'from a stage',
    });
    const { id, events } = await build(directory);
    const steps = events.flatMap((event) => (event.kind === 'build-step' ? [event.step] : []));
    expect(steps.sort((a, b) => a.number - b.number).map(({ text }) => text)).toEqual([
      'FROM base:1 AS files',
      'COPY a /out/a',
      'FROM scratch',
      'COPY --from=files /out/ /',
    ]);
    expect((await engine.inspect(String(id))).Size).toBe('from a stage'.length);
  });

  test('keeps the steps before the one that fails', async () => {
    const directory = contextOf({ Dockerfile: 'FROM base:1\nENV A=1\nCOPY nosuch /\n' });
    await expect(build(directory)).rejects.toThrow('COPY failed: ');
    expect(await engine.images({ all: true })).toHaveLength(2);
    expect(await engine.check()).toMatchObject({ faults: [] });
  });

  test('tells of build arguments that nothing asks for', async () => {
    const { events } = await build(contextOf({ Dockerfile: 'FROM base:1\nENV q=1\n' }), {
      buildArgs: { UNUSED: '1', http_proxy: 'p' },
    });
    expect(events).toContainEqual({
      kind: 'build-warning',
      message: 'One or more build-args [UNUSED] were not consumed',
    });
  });

  test.each([
    { dockerfile: 'FROM scratch\n', error: 'No image was generated. Is your Dockerfile empty?' },
    { dockerfile: '', error: 'the Dockerfile (Dockerfile) cannot be empty' },
    { dockerfile: 'FROM base:1\nFOO\n', error: 'dockerfile parse error line 2: unknown instruction: FOO' },
    { dockerfile: 'FROM base:1\nEXPOSE abc\n', error: 'Invalid containerPort: abc' },
  ])('refuses $dockerfile', async ({ dockerfile, error }) => {
    await expect(build(contextOf({ Dockerfile: dockerfile }))).rejects.toThrow(error);
  });

  test('does what the base wants of its children', async () => {
    await build(contextOf({ Dockerfile: 'FROM base:1\nONBUILD ENV B=2\nONBUILD COPY a /a\n', a: 'x' }), {
      tags: [parseReference('parent:1')],
    });
    const child = await build(contextOf({ Dockerfile: 'FROM parent:1\n', a: 'child' }));
    expect(child.events).toContainEqual(expect.objectContaining({ kind: 'build-triggers', count: 2 }));
    const image = await engine.inspect(String(child.id));
    expect(image.Config).toMatchObject({ Env: ['PATH=/bin', 'B=2'] });
    expect((image.Config as { OnBuild?: unknown }).OnBuild).toBeFalsy();
  });

  test('puts labels on the result, and a name on a base where there is nothing to do', async () => {
    const labelled = await build(contextOf({ Dockerfile: 'FROM base:1\n' }), {
      labels: { l1: "it's $HOME" },
    });
    expect((await engine.inspect(String(labelled.id))).Config).toMatchObject({
      Labels: { l1: "it's $HOME" },
    });
    const { id } = await build(contextOf({ Dockerfile: 'FROM base:1\n' }), {
      tags: [parseReference('same:1')],
    });
    expect(id).toBe((await engine.inspect('base:1')).Id);
  });
});
