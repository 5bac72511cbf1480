import { expect, test } from 'vitest';
import { parseDockerfile } from './parse.ts';
import { findBaseStage, findSourceStage, isStageReference } from './stage-reference.ts';

const { stages } = parseDockerfile('FROM x AS a\nFROM a AS b\nFROM y AS a\nFROM b AS d\n');

test('a base is a stage before, the last one of that name', () => {
  expect(findBaseStage(stages, 'a', 1)).toBe(0);
  expect(findBaseStage(stages, 'A', 3)).toBe(2);
  expect(findBaseStage(stages, 'd', 3)).toBeUndefined();
  expect(findBaseStage(stages, 'y', 4)).toBeUndefined();
  expect(findBaseStage(stages, '0', 4)).toBeUndefined();
});

test('a source can have a number, of a stage before as well', () => {
  expect(findSourceStage(stages, '1', 2)).toBe(1);
  expect(findSourceStage(stages, '2', 2)).toBeUndefined();
  expect(findSourceStage(stages, 'b', 3)).toBe(1);
  expect(isStageReference(stages, '-1', 4)).toBe(false);
  expect(isStageReference(stages, '9'.repeat(30), 4)).toBe(false);
  expect(isStageReference(stages, 'B', 4)).toBe(true);
});
