import type { Stage } from './instruction.ts';

/**
 * The number of the stage that the image of a FROM names, among the `before` first ones; `undefined`: it is an
 * image. Names do not tell cases apart; of several stages with one name the last counts.
 */
export function findBaseStage(stages: readonly Stage[], image: string, before: number): number | undefined {
  const name = image.toLowerCase();
  for (let index = Math.min(before, stages.length) - 1; index >= 0; index--)
    if (stages[index]?.from.stageName === name) return index;
  return undefined;
}

/** The same for `--from` of COPY and of mounts, where a stage can also be named by its number from 0. */
export function findSourceStage(stages: readonly Stage[], from: string, before: number): number | undefined {
  const number = /^\d{1,9}$/.test(from) ? Number(from) : Number.NaN;
  return number < Math.min(before, stages.length) ? number : findBaseStage(stages, from, before);
}

/** Whether `--from` in the stage of that number means an earlier stage, not an image or a named context. */
export function isStageReference(stages: readonly Stage[], from: string, before: number): boolean {
  return findSourceStage(stages, from, before) !== undefined;
}
