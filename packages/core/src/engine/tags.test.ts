import { describe, expect, test } from 'vitest';
import type { ProgressEvent } from '../events.ts';
import { EngineSandbox, nameAt, requestsOf } from '../testing/engine-sandbox.ts';
import { instantClient } from '../testing/instant-client.ts';
import {
  type MemoryRegistry,
  type MemoryRegistryOptions,
  type ScriptedFault,
  startMemoryRegistry,
} from '../testing/memory-registry.ts';
import { type RemoteTag, type TagsRequest, tags } from './tags.ts';

const NAMES = ['1.0', '1.1', '1.1-alpine', '1.2-rc.1', 'edge', 'latest'];

/** A registry in which each tag of `team/app` points to a manifest of its own. */
async function serveTags(
  names: readonly string[],
  options: MemoryRegistryOptions = {},
): Promise<MemoryRegistry> {
  const registry = await startMemoryRegistry(options);
  for (const tag of names) registry.addManifest('team/app', tag, { schemaVersion: 2, tag });
  return registry;
}

/** The verb on `team/app`, over a client that waits for nothing. */
async function listTags(registry: MemoryRegistry, request: Partial<TagsRequest> = {}) {
  await using client = instantClient();
  const events: ProgressEvent[] = [];
  const listed = await tags(
    { registry: client, jobs: 3 },
    { repository: nameAt(registry, 'team/app'), ...request },
    { onProgress: (event) => void events.push(event) },
  );
  return { listed, names: listed.map(({ tag }: RemoteTag) => tag), events };
}

describe('tags', () => {
  test.each([
    { name: 'newest first', request: {}, names: ['1.2-rc.1', '1.1', '1.1-alpine', '1.0', 'edge', 'latest'] },
    { name: 'by name', request: { sort: 'name' }, names: NAMES },
    { name: "in the registry's order", request: { sort: 'none' }, names: NAMES },
    { name: 'the first few', request: { limit: 2 }, names: ['1.2-rc.1', '1.1'] },
    { name: 'fewer than the limit', request: { limit: 99, sort: 'name' }, names: NAMES },
    { name: 'those of a filter', request: { filters: ['1.1*'] }, names: ['1.1', '1.1-alpine'] },
    { name: 'those of either filter', request: { filters: ['1.0', 'e*'] }, names: ['1.0', 'edge'] },
    { name: 'whole tags only', request: { filters: ['1'] }, names: [] },
    { name: "the shell's classes", request: { filters: ['[!0-9]???'] }, names: ['edge'] },
    { name: 'an escaped bracket', request: { filters: ['\\[!1]'] }, names: [] },
    { name: 'the first few of a filter', request: { filters: ['1.?'], limit: 1 }, names: ['1.1'] },
  ] as const)('lists $name', async ({ request, names }) => {
    await using registry = await serveTags(NAMES);
    const outcome = await listTags(registry, request);
    expect(outcome.listed).toEqual(names.map((tag) => ({ tag })));
    expect(requestsOf(registry)).toEqual(['GET tags']);
  });

  test('reads thousands of tags, page after page, each once', async () => {
    const many = Array.from({ length: 5000 }, (_, n) => `1.${n}.0`);
    await using registry = await serveTags(many, { tagsPerPage: 1000 });
    const { names } = await listTags(registry);
    expect(names).toEqual(many.toReversed());
    expect(requestsOf(registry)).toHaveLength(5);
  });

  test("asks for no page more than a limit needs in the registry's order", async () => {
    await using registry = await serveTags(NAMES, { tagsPerPage: 2 });
    expect((await listTags(registry, { sort: 'none', limit: 3 })).names).toEqual(NAMES.slice(0, 3));
    expect(requestsOf(registry)).toHaveLength(2);
  });

  test('lists a tag once that comes on two pages', async () => {
    const body = JSON.stringify({ tags: ['1.0', '0.9', '1.0'] });
    await using registry = await serveTags([], { faults: [{ on: 'GET tags', status: 200, body }] });
    expect((await listTags(registry)).names).toEqual(['1.0', '0.9']);
  });

  test('asks by HEAD for the digests of what it lists, and of nothing else', async () => {
    await using registry = await serveTags(NAMES);
    const { listed } = await listTags(registry, { digests: true, limit: 4 });
    const expected = ['1.2-rc.1', '1.1', '1.1-alpine', '1.0'].map((tag) => ({
      tag,
      digest: registry.addManifest('team/app', tag, { schemaVersion: 2, tag }).digest,
    }));
    expect(listed).toEqual(expected);
    expect(requestsOf(registry)).toEqual(['GET tags', ...Array(4).fill('HEAD manifest')]);
  });

  test('lists a tag without a digest when the registry has nothing under it', async () => {
    const body = JSON.stringify({ tags: ['1.0', 'gone'] });
    await using registry = await serveTags(['1.0'], { faults: [{ on: 'GET tags', status: 200, body }] });
    const { listed } = await listTags(registry, { digests: true });
    expect(listed).toEqual([{ tag: '1.0', digest: expect.stringMatching(/^sha256:/) }, { tag: 'gone' }]);
  });

  test('leaves out names that cannot be tags, asks for none of them, and tells', async () => {
    const hostile = ['../../other/manifests/x', '\u001b[2J', 'a b', '', 'x\ny', '-x', 'a'.repeat(129)];
    const body = JSON.stringify({ tags: [...hostile, '1.0'] });
    await using registry = await serveTags(['1.0'], { faults: [{ on: 'GET tags', status: 200, body }] });
    const { names, events } = await listTags(registry, { digests: true });
    expect(names).toEqual(['1.0']);
    expect(requestsOf(registry)).toEqual(['GET tags', 'HEAD manifest']);
    expect(events).toEqual([
      {
        kind: 'warning',
        message: `${registry.host}/team/app: left out 7 names that are no tags, "../../other/manifests/x"`,
      },
    ]);
  });

  test.each<{ name: string; fault?: ScriptedFault; path?: string; code: string }>([
    { name: 'has no such repository', path: 'team/nosuch', code: 'NAME_UNKNOWN' },
    { name: 'wants a login', fault: { on: 'GET tags', status: 401 }, code: 'UNAUTHORIZED' },
    { name: 'limits requests', fault: { on: 'GET tags', times: 9, status: 429 }, code: 'RATE_LIMITED' },
    { name: 'is broken', fault: { on: 'GET tags', times: 9, status: 500 }, code: 'REGISTRY_ERROR' },
    {
      name: 'breaks on a later page',
      fault: { on: 'GET tags', after: 1, times: 9, status: 500 },
      code: 'REGISTRY_ERROR',
    },
    { name: 'refuses a HEAD', fault: { on: 'HEAD manifest', times: 9, status: 403 }, code: 'DENIED' },
    { name: 'limits HEADs', fault: { on: 'HEAD manifest', times: 99, status: 429 }, code: 'RATE_LIMITED' },
  ])('fails as a pull does when the registry $name', async ({ fault, path = 'team/app', code }) => {
    await using registry = await serveTags(NAMES, { tagsPerPage: 4, faults: fault ? [fault] : [] });
    const request = { repository: nameAt(registry, path), digests: true };
    await expect(listTags(registry, request)).rejects.toMatchObject({ code });
  });

  test('goes on after a fault that passes', async () => {
    await using registry = await serveTags(NAMES, { faults: [{ on: 'GET tags', status: 500 }] });
    expect((await listTags(registry, { sort: 'name' })).names).toEqual(NAMES);
  });

  test.each([
    { name: 'an unfinished class', request: { filters: ['[a'] }, message: 'syntax error in pattern' },
    { name: 'a limit of nothing', request: { limit: 0 }, message: 'limit is 0, want at least 1' },
  ])('refuses $name, and asks for nothing', async ({ request, message }) => {
    await using registry = await serveTags(NAMES);
    await expect(listTags(registry, request)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
    expect(registry.requests).toEqual([]);
  });

  test('needs no store', async () => {
    await using registry = await serveTags(NAMES);
    await using sandbox = new EngineSandbox();
    const listed = await sandbox.engine().tags({ repository: nameAt(registry, 'team/app:any'), limit: 1 });
    expect(listed).toEqual([{ tag: '1.2-rc.1' }]);
    expect(sandbox.files('')).toEqual([]);
  });

  test('ends when it is cancelled', async () => {
    await using registry = await serveTags(NAMES);
    await using sandbox = new EngineSandbox();
    const repository = nameAt(registry, 'team/app');
    const cancelled = sandbox.engine().tags({ repository }, { signal: AbortSignal.abort() });
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
