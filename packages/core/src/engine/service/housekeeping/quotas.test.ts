import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf, imageOf, type PushedBytes } from '../../../testing/service-sandbox.ts';
import { type OpenedRegistryService, openRegistryService } from '../open-registry-service.ts';

let root: string;
let service: OpenedRegistryService;
const services: OpenedRegistryService[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wherry-quotas-'));
});
afterEach(async () => {
  for (const each of services.splice(0)) await each.close();
  rmSync(root, { recursive: true, force: true });
});

async function open(limits: Record<string, number>): Promise<OpenedRegistryService> {
  const quotas = Object.entries(limits).map(([prefix, bytes]) => ({ prefix, bytes }));
  service = await openRegistryService({ root, quotas });
  services.push(service);
  return service;
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}

const put = (repository: string, bytes: Uint8Array, on = service) =>
  on.putBlob(digestOf(bytes), { body: once(bytes) }, { repository });

async function push(
  repository: string,
  image: PushedBytes & { blobs: Uint8Array[] },
  tag = '1',
  on = service,
) {
  for (const blob of image.blobs) await put(repository, blob, on);
  await on.putManifest({ repository, tags: [tag], bytes: image.bytes, contentType: image.mediaType });
}

const sizeOf = (image: PushedBytes & { blobs: Uint8Array[] }) =>
  image.blobs.reduce((sum, { length }) => sum + length, image.bytes.length);
const used = () => service.quotas.usage().map((usage) => usage.used);
const denied = (figures: object) => ({
  code: 'DENIED',
  details: { quota: expect.objectContaining(figures) },
});

const [A, B] = [imageOf('a'.repeat(100)), imageOf('b'.repeat(100))];

describe('a quota', () => {
  test('counts each distinct blob once, whatever repositories of its prefix have it', async () => {
    await open({ team: 10_000, '': 100_000, other: 1 });
    await push('team/a', A);
    await push('team/b', A);
    await push('teams/c', B);
    expect(used()).toEqual([sizeOf(A), sizeOf(A) + sizeOf(B), 0]);
  });

  test('refuses a manifest that leads to more, with the figures', async () => {
    await open({ team: sizeOf(A) + sizeOf(B) - 1 });
    await push('team/a', A);
    await expect(push('team/a', B, '2')).rejects.toMatchObject(
      denied({ prefix: 'team', used: sizeOf(A), limit: sizeOf(A) + sizeOf(B) - 1, wanted: sizeOf(B) }),
    );
    expect(await service.listTags('team/a')).toEqual(['1']);
    await push('elsewhere', B);
    await push('team/a', A, 'again');
  });

  test('has room again when a manifest is deleted', async () => {
    await open({ team: sizeOf(A) + 10 });
    await push('team/a', A);
    await expect(push('team/a', B)).rejects.toMatchObject({ code: 'DENIED' });
    await service.deleteManifest('team/a', A.digest);
    expect(used()[0]).toBeLessThan(sizeOf(A) + sizeOf(B));
    await push('team/b', B);
  });

  test('counts what others pushed, and what was there before', async () => {
    await open({});
    await push('team/a', A);
    const limited = await open({ team: 10_000 });
    expect(used()).toEqual([sizeOf(A)]);
    await push('team/b', B, '1', services[0]);
    expect(limited.quotas.usage()[0]?.used).toBe(sizeOf(A) + sizeOf(B));
  });

  test('reserves what is about to be sent, so that two uploads cannot pass together', async () => {
    await open({ team: 100 });
    const [first, second] = [await service.startUpload(), await service.startUpload()];
    service.quotas.reserve('team/a', 60, first);
    expect(() => service.quotas.reserve('team/b', 60, second)).toThrow(
      expect.objectContaining({
        message: 'quota of team exceeded: 60 bytes used, the limit is 100, 60 more wanted',
      }),
    );
    await service.appendUpload(first, { body: once(Buffer.alloc(10)) });
    expect(used()).toEqual([10]);
    service.quotas.reserve('team/b', 60, second);
    await service.cancelUpload(second);
    expect(used()).toEqual([10]);
  });

  test('cuts off a body whose length nobody said, and forgets it', async () => {
    await open({ team: 100 });
    const id = await service.startUpload();
    service.quotas.reserve('team/a', 0, id);
    await service.appendUpload(id, { body: once(Buffer.alloc(90)) });
    await expect(service.appendUpload(id, { body: once(Buffer.alloc(20)) })).rejects.toMatchObject(
      denied({ used: 0, limit: 100, wanted: 110 }),
    );
    await expect(service.uploadOffset(id)).rejects.toMatchObject({ code: 'UPLOAD_UNKNOWN' });
    expect(used()).toEqual([0]);
    await expect(put('team/a', Buffer.alloc(101))).rejects.toMatchObject({ code: 'DENIED' });
    await put('team/a', Buffer.alloc(100));
  });

  test('is neither charged nor cut through a repository that the upload is not of', async () => {
    await open({ team: 100, other: 10 });
    const id = await service.startUpload('team/a');
    service.quotas.reserve('team/a', 50, id);
    const body = { body: once(Buffer.alloc(50)) };
    const access = { repository: 'other/b' };
    const unknown = { code: 'UPLOAD_UNKNOWN' };
    await expect(service.appendUpload(id, body, 'other/b')).rejects.toMatchObject(unknown);
    await expect(service.commitUpload(id, A.digest, body, access)).rejects.toMatchObject(unknown);
    await service.appendUpload(id, body, 'team/a');
    expect(used()).toEqual([50, 0]);
  });

  test('counts a blob from its commit on, once, until its manifest comes', async () => {
    await open({ team: 10_000 });
    const [config] = A.blobs;
    const id = await service.startUpload();
    service.quotas.reserve('team/a', 0, id);
    await service.commitUpload(id, digestOf(config!), { body: once(config!) }, { repository: 'team/a' });
    expect(used()).toEqual([config!.length]);
    await push('team/a', A);
    expect(used()).toEqual([sizeOf(A)]);
  });

  test('holds against pushes from several processes at the same time', async () => {
    const images = Array.from({ length: 6 }, (_, at) => imageOf(String(at).repeat(50)));
    const room = sizeOf(images[0]!) * 3;
    const both = [await open({ team: room }), await open({ team: room })];
    const outcomes = await Promise.allSettled(
      images.map((image, at) => push(`team/${at}`, image, '1', both[at % 2])),
    );
    const pushed = outcomes.filter(({ status }) => status === 'fulfilled').length;
    expect(pushed).toBeGreaterThan(0);
    expect(pushed).toBeLessThanOrEqual(3);
    expect(used()[0]).toBeLessThanOrEqual(room);
  });
});
