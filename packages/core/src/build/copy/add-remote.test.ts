import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bytesOf } from '../../bytes/from.ts';
import { EPOCH, entriesOf } from '../../testing/copy-fixtures.ts';
import { gather, sha256 } from '../../testing/layer-fixtures.ts';
import { tarOf } from '../../testing/tar-fixtures.ts';
import { ImageTree } from '../../tree/image-tree.ts';
import { type Fetched, fetchOrigin } from './add-remote.ts';
import type { CopyRequest } from './copy-request.ts';
import { prepareCopy } from './plan-copy.ts';

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'wherry-add-'));
});
afterEach(() => rmSync(scratch, { recursive: true }));

const URL_OF_FILE = 'http://host/dir/re%20mote.txt?query#part';
const CONTENT = Buffer.from('content');

const answer = (headers: Record<string, string> = {}, body = bytesOf('con', 'tent')): Fetched => ({
  status: 200,
  headers: new Map(Object.entries(headers)),
  body,
});

async function origin(url: string, more: Partial<Fetched & { destination: string; checksum: string }> = {}) {
  const { destination = '/to/', checksum, ...fetched } = more;
  const file = { url, destination, ...(checksum !== undefined && { checksum }) };
  return fetchOrigin(file, { scratch, fetch: async () => ({ ...answer(), ...fetched }) });
}

async function added(url: string, more: Parameters<typeof origin>[1] & Partial<CopyRequest> = {}) {
  const { unpack, chmod, ...rest } = more;
  const found = await origin(url, rest);
  await using _ = found.tree;
  const plan = await prepareCopy(
    {
      verb: 'ADD',
      origins: [found],
      destination: rest.destination ?? '/to/',
      ...(unpack !== undefined && { unpack }),
      ...(chmod !== undefined && { chmod }),
    },
    {
      lower: async () => new ImageTree(),
      readLower: async () => undefined,
      workdir: '/',
      times: { epoch: EPOCH },
    },
  );
  expect(plan.files()).toBeDefined();
  return (await entriesOf(await gather(plan.write()))).filter(({ type }) => type === 'file');
}

const nameOf = async (...given: Parameters<typeof added>) =>
  (await added(...given)).map(({ name }) => Buffer.from(name).toString());

describe('ADD of a URL', () => {
  test('has mode 0600, the time that the server tells, and its content', async () => {
    const headers = new Map([['last-modified', 'Tue, 14 Nov 2023 22:13:19 GMT']]);
    expect(await added(URL_OF_FILE, { headers })).toMatchObject([
      { mode: 0o600, uid: 0, mtime: EPOCH - 1, mtimeNs: 0, content: CONTENT },
    ]);
    expect(await added(URL_OF_FILE, { chmod: '644' })).toMatchObject([{ mode: 0o644, mtime: 0 }]);
    const late = new Map([['last-modified', 'no date']]);
    expect(await added(URL_OF_FILE, { headers: late })).toMatchObject([{ mtime: 0 }]);
    expect(readdirSync(scratch)).toEqual([]);
  });

  test('is called what the URL, or else the server, calls it', async () => {
    const headers = new Map([['content-disposition', 'attachment; filename="../x/a \\"b\\""']]);
    expect(await nameOf(URL_OF_FILE)).toEqual(['to/re mote.txt']);
    expect(await nameOf('http://host/a%2Fb')).toEqual(['to/b']);
    expect(await nameOf('http://host/a[1]*.txt')).toEqual(['to/a[1]*.txt']);
    expect(await nameOf('http://host/%ff')).toEqual(['to/%ff']);
    expect(await nameOf('http://host/', { headers })).toEqual(['to/a "b"']);
    expect(await nameOf('http://host/', { destination: '/file' })).toEqual(['file']);
    await expect(origin('http://me:secret@host/')).rejects.toThrow(
      'ADD failed: cannot determine filename for source http://host/',
    );
  });

  test('is what the checksum says', async () => {
    const sha512 =
      'sha512:b2d1d285b5199c85f988d03649c37e44fd3dde01e5d69c50fef90651962f48110e9340b60d49a479c4c0b53f5f07d690686dd87d2481937a512e8b85ee7c617f';
    expect(await nameOf(URL_OF_FILE, { checksum: sha256(CONTENT) })).toHaveLength(1);
    expect(await nameOf(URL_OF_FILE, { checksum: sha512 })).toHaveLength(1);
    const other = sha256(Buffer.from('other'));
    await expect(origin(URL_OF_FILE, { checksum: other })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: `digest mismatch ${sha256(CONTENT)}: ${other}`,
    });
    await expect(origin(URL_OF_FILE, { checksum: 'md5:1' })).rejects.toThrow();
    expect(readdirSync(scratch)).toEqual([]);
  });

  test('is an archive only when told so', async () => {
    const tar = tarOf({ name: 'in', type: 'file', content: 'x' });
    const body = () => bytesOf(tar);
    expect(await nameOf('http://host/a.tar', { body: body() })).toEqual(['to/a.tar']);
    expect(await nameOf('http://host/a.tar', { body: body(), unpack: true })).toEqual(['to/in']);
  });

  test('says what the server said', async () => {
    const url = 'http://127.0.0.1:5059/none';
    await expect(origin(url, { status: 404, body: bytesOf('not here\n') })).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: `ADD failed: failed to GET ${url} with status 404 Not Found: not here`,
    });
    await expect(origin(url, { status: 500, body: bytesOf('x'.repeat(5000)) })).rejects.toThrow(/: x{1024}$/);
  });

  test('that breaks off leaves nothing behind', async () => {
    async function* broken() {
      yield CONTENT;
      throw new Error('reset');
    }
    await expect(origin(URL_OF_FILE, { body: broken() })).rejects.toThrow('reset');
    const stopped = fetchOrigin(
      { url: URL_OF_FILE, destination: '/x' },
      { scratch, fetch: async () => answer() },
      AbortSignal.abort(),
    );
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(readdirSync(scratch)).toEqual([]);
  });
});
