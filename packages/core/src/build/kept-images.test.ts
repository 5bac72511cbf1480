import { expect, test } from 'vitest';
import type { StepImage } from './build-deps.ts';
import { KeptImages } from './kept-images.ts';

const image = (parent: string) => ({ parent }) as unknown as StepImage;
const names = (images: readonly StepImage[]) => images.map(({ parent }) => parent);

test('images are recorded in their order, each when its layer is there', async () => {
  const recorded: StepImage[] = [];
  const kept = new KeptImages((each) => recorded.push(each));
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  kept.add(image('a'), first.promise);
  kept.add(image('b'), second.promise);
  kept.add(image('c'));
  second.resolve();
  await new Promise(setImmediate);
  expect(recorded).toEqual([]);
  first.resolve();
  await kept.done;
  expect(names(recorded)).toEqual(['a', 'b', 'c']);
});

test('what stands on a layer that could not be stored is not recorded, and all is waited for', async () => {
  const recorded: StepImage[] = [];
  const kept = new KeptImages((each) => recorded.push(each));
  const last = Promise.withResolvers<void>();
  kept.add(image('a'));
  kept.add(image('b'), Promise.reject(new Error('no space')));
  kept.add(image('c'), last.promise);
  kept.add(image('d'));
  await new Promise(setImmediate);
  expect(() => kept.throwIfFailed()).toThrow('no space');
  let isDone = false;
  const done = kept.done.finally(() => {
    isDone = true;
  });
  done.catch(() => undefined);
  await new Promise(setImmediate);
  expect(isDone).toBe(false);
  last.reject(new Error('later'));
  await expect(done).rejects.toThrow('no space');
  expect(names(recorded)).toEqual(['a']);
});
