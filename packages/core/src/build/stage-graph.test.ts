import { parseDockerfile } from '@wherry/dockerfile';
import { describe, expect, test } from 'vitest';
import { findSource, planStages } from './stage-graph.ts';

const DOCKERFILE = parseDockerfile(`FROM base AS build
RUN make
FROM other AS Test
COPY --from=build /a /a
FROM scratch
COPY --from=0 /out /out
RUN --mount=from=tools,target=/t true
FROM build AS last
COPY --from=docs . /docs
`);

const expand = (word: string) => word;
const indexes = (target?: string) =>
  planStages(DOCKERFILE, { expand, ...(target !== undefined && { target }) }).map(({ index }) => index);

describe('the stages of a target', () => {
  test.each([
    { name: 'the last one, and what it stands on', target: undefined, stages: [0, 3] },
    { name: 'a stage alone', target: 'build', stages: [0] },
    { name: 'a name in other letters', target: 'TEST', stages: [0, 1] },
    { name: 'a number', target: '2', stages: [0, 2] },
  ])('are $name', ({ target, stages }) => {
    expect(indexes(target)).toEqual(stages);
  });

  test.each(['nosuch', '4', '-1', ''])('are none for the target %j', (target) => {
    expect(() => indexes(target)).toThrow(`failed to reach build target ${target} in Dockerfile`);
  });

  test('are none where arguments stand alone', () => {
    expect(() => planStages(parseDockerfile('ARG A=1\n'), { expand })).toThrow('No image was generated');
  });

  test('say what each waits for', () => {
    const [, image] = planStages(DOCKERFILE, { expand, target: '2' });
    expect(image).toMatchObject({ base: { kind: 'scratch' }, needs: new Set([0]) });
  });

  test('have bases whose variables are expanded, and no empty ones', () => {
    const dockerfile = parseDockerfile('ARG V\nFROM $V\n');
    expect(planStages(dockerfile, { expand: () => 'image:1' })[0]?.base).toEqual({
      kind: 'image',
      text: 'image:1',
    });
    expect(() => planStages(dockerfile, { expand: () => '' })).toThrow('base name ($V) should not be blank');
  });
});

describe('a --from', () => {
  const find = (text: string, index = 3, names = new Set<string>()) =>
    findSource(DOCKERFILE.stages, index, text, names);

  test.each([
    { name: 'a stage before it', text: 'Build', expected: { kind: 'stage', index: 0 } },
    { name: 'a stage by its number', text: '1', expected: { kind: 'stage', index: 1 } },
    {
      name: 'an image where no stage before it has the name',
      text: 'last',
      expected: { kind: 'image', text: 'last' },
    },
  ])('is $name', ({ text, expected }) => {
    expect(find(text)).toEqual(expected);
  });

  test('is a named context before an image', () => {
    expect(find('docs', 3, new Set(['docs']))).toEqual({ kind: 'context', name: 'docs' });
  });

  test('is neither its own stage nor one that comes later', () => {
    expect(() => find('3')).toThrow('invalid from flag value 3: refers to current build stage');
    expect(() => find('4')).toThrow('invalid from flag value 4: index out of bounds');
  });
});
