import { expect, test } from 'vitest';
import { EPOCH, entriesOf } from '../../testing/copy-fixtures.ts';
import { gather } from '../../testing/layer-fixtures.ts';
import { ImageTree } from '../../tree/image-tree.ts';
import { heredocOrigin } from './memory-source.ts';
import { prepareCopy } from './plan-copy.ts';

async function copied(files: Parameters<typeof heredocOrigin>[0], destination: string) {
  const plan = await prepareCopy(
    { verb: 'COPY', origins: [heredocOrigin(files)], destination },
    {
      lower: async () => new ImageTree(),
      readLower: async () => undefined,
      workdir: '/',
      times: { epoch: EPOCH },
    },
  );
  expect(plan.files()?.digest).toMatch(/^sha256:/);
  return (await entriesOf(await gather(plan.write()))).map(
    ({ name, mode, mtime, content }) =>
      `${Buffer.from(name)} ${mode.toString(8)} ${mtime} ${Buffer.from(content ?? '')}`,
  );
}

test('files of the Dockerfile itself get mode 0644 and the epoch', async () => {
  expect(await copied([{ name: 'EOF', content: 'x\n' }], '/etc/conf')).toEqual([
    `etc/ 755 ${EPOCH} `,
    `etc/conf 644 ${EPOCH} x\n`,
  ]);
});

test('several go into a directory under their names', async () => {
  const files = [
    { name: 'b*', content: '1' },
    { name: '.a', content: 'ü' },
    { name: 'b*', content: '' },
  ];
  expect(await copied(files, '/')).toEqual([`.a 644 ${EPOCH} ü`, `b* 644 ${EPOCH} `]);
  await expect(copied(files, '/x')).rejects.toThrow('When using COPY with more than one source file');
});
