import { expect, test } from 'vitest';
import type { Digest } from '../../digest.ts';
import { planCase } from '../../testing/copy-fixtures.ts';
import { sourceOfFiles } from '../../testing/source-fixtures.ts';
import type { SourceNode, SourceTree } from '../source-tree.ts';

const KNOWN = `sha256:${'1'.repeat(64)}` as Digest;

/** A tree of which the files `f0` … are known but for those of `unknown`; `read` has what was read. */
function partlyKnown(count: number, unknown: readonly string[]) {
  const tree = sourceOfFiles(
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`src/f${i}`, `content ${i}`])),
  );
  const nodes = tree.root.children?.get('src')?.children ?? new Map<string, SourceNode>();
  const left = new Set(unknown.map((name) => nodes.get(name)));
  const read: SourceNode[] = [];
  const watched: SourceTree = {
    root: tree.root,
    knownDigest: (file) => (left.has(file) ? undefined : KNOWN),
    async *read(files, signal) {
      for await (const content of tree.read(files, signal)) {
        read.push(content.node);
        left.delete(content.node);
        yield content;
      }
    },
    [Symbol.asyncDispose]: () => tree[Symbol.asyncDispose](),
  };
  return { watched, read, nodes };
}

test('of many files the few that are not known are read to tell what the layer will be', async () => {
  const { watched, read, nodes } = partlyKnown(100, ['f7', 'f50']);
  const plan = await planCase({ files: watched, copy: 'src', to: '/' });
  expect(plan.files()).toBeUndefined();
  expect(await plan.readUnknown()).toBe(true);
  expect(new Set(read)).toEqual(new Set([nodes.get('f7'), nodes.get('f50')]));
  expect([...(plan.files()?.list() ?? [])]).toHaveLength(100);
});

test('many that are not known are not read twice', async () => {
  const { watched, read } = partlyKnown(8, ['f0', 'f7']);
  const plan = await planCase({ files: watched, copy: 'src', to: '/' });
  expect(await plan.readUnknown()).toBe(false);
  expect(read).toEqual([]);
});
