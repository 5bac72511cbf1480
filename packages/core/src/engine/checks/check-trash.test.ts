import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { trashPath } from '../../content/trash-files.ts';
import { EngineSandbox } from '../../testing/engine-sandbox.ts';
import { imageOf, pushDocument, putBlob } from '../../testing/service-sandbox.ts';

test('system check takes out of the trash what is needed, and drops what is bad', async () => {
  await using sandbox = new EngineSandbox();
  const store = sandbox.store();
  const engine = sandbox.engine();
  const image = imageOf('needed');
  await pushDocument(store, 'team/app', image, '1');
  const bad = await putBlob(store, Buffer.from('soon to be bad'));
  for (const digest of [image.digest, bad]) store.blobs.trashSync(digest);
  writeFileSync(trashPath(store.root, bad), 'bad');
  const kindsOf = async (repair: boolean) =>
    (await engine.check({ repair })).faults.map(({ kind, subject, repaired }) => [kind, subject, repaired]);
  expect(await kindsOf(false)).toEqual(
    expect.arrayContaining([
      ['blob-missing', image.digest, undefined],
      ['blob-corrupt', bad, undefined],
    ]),
  );
  // What a look brings back is put where it was.
  if (!existsSync(trashPath(store.root, image.digest)))
    renameSync(store.blobs.pathOf(image.digest), trashPath(store.root, image.digest));
  expect(await kindsOf(true)).toEqual(
    expect.arrayContaining([
      ['blob-missing', image.digest, 'taken out of the trash'],
      ['blob-corrupt', bad, 'dropped'],
    ]),
  );
  expect(await kindsOf(false)).toEqual([]);
  expect(existsSync(store.blobs.pathOf(image.digest))).toBe(true);
});
