import { expect, test } from 'vitest';
import { WherryError } from '../../errors.ts';
import type { FilePiece, HashedPart } from '../../layer/hash-piece.ts';
import { UploadHash } from './upload-hash.ts';

const MIB = 1 << 20;
const START: HashedPart = { offset: 0, hash: new Uint8Array() };

/** A hash whose pieces are done when the test says so. */
function slowHash(options: { readonly saved?: HashedPart; readonly writtenTo?: number } = {}) {
  const pieces: (FilePiece & { done: () => void; fail: (error: unknown) => void })[] = [];
  const saves: number[] = [];
  const deps = {
    hashPiece: (piece: FilePiece) =>
      new Promise<HashedPart>((resolve, reject) => {
        pieces.push({
          ...piece,
          done: () => resolve({ offset: piece.to, hash: piece.from.hash }),
          fail: reject,
        });
      }),
    save: async ({ offset }: HashedPart) => void saves.push(offset),
  };
  const hash = new UploadHash(deps, 'data', options.saved ?? START, options.writtenTo ?? 0);
  /** Does the pieces as they come, until there is none. */
  const work = async () => {
    for (let at = 0; at < pieces.length; at++) {
      pieces[at]!.done();
      await new Promise(setImmediate);
    }
  };
  return { hash, pieces, saves, work };
}

test('hashes behind the writes, in pieces that are worth the trip', async () => {
  const { hash, pieces } = slowHash();
  await hash.follow(MIB - 1);
  expect(pieces).toHaveLength(0);
  await hash.follow(MIB);
  await hash.follow(20 * MIB);
  expect(pieces).toMatchObject([{ path: 'data', from: START, to: MIB }]);
  pieces[0]!.done();
  await expect.poll(() => pieces).toMatchObject([{}, { from: { offset: MIB }, to: 5 * MIB }]);
});

test('saves a state now and then, and the last one', async () => {
  const { hash, saves, work } = slowHash();
  await hash.follow(30 * MIB);
  const finished = hash.finish();
  await work();
  expect((await finished).offset).toBe(30 * MIB);
  expect(saves).toEqual([8 * MIB, 16 * MIB, 24 * MIB, 30 * MIB]);
});

test('lets the file be ahead by so much and no more', async () => {
  const { hash, work } = slowHash();
  await hash.follow(32 * MIB);
  let isThrough = false;
  const waiting = hash.follow(33 * MIB).then(() => {
    isThrough = true;
  });
  await new Promise(setImmediate);
  expect(isThrough).toBe(false);
  await work();
  await waiting;
});

test('begins behind the saved state, with what a killed process wrote', async () => {
  const saved = { offset: 5, hash: Buffer.from('state') };
  const { hash, pieces, saves, work } = slowHash({ saved, writtenTo: 9 });
  const finished = hash.finish();
  await expect.poll(() => pieces).toMatchObject([{ from: saved, to: 9 }]);
  await work();
  expect(await finished).toMatchObject({ offset: 9 });
  expect(saves).toEqual([9]);
});

test('does nothing when all is hashed and saved', async () => {
  const saved = { offset: 5, hash: Buffer.from('state') };
  const { hash, pieces, saves } = slowHash({ saved, writtenTo: 5 });
  expect(await hash.finish()).toBe(saved);
  expect(pieces).toEqual([]);
  expect(saves).toEqual([]);
});

test('fails the request when a piece fails, and saves nothing more', async () => {
  const { hash, pieces, saves } = slowHash();
  const fault = new WherryError('INTERNAL', 'worker thread ended unexpectedly');
  await hash.follow(2 * MIB);
  pieces[0]!.fail(fault);
  await new Promise(setImmediate);
  await expect(hash.follow(3 * MIB)).rejects.toBe(fault);
  await expect(hash.finish()).rejects.toBe(fault);
  await expect(hash.settle()).rejects.toBe(fault);
  expect(pieces).toHaveLength(1);
  expect(saves).toEqual([]);
});
