import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GoldenCase } from './testing/golden/cases.ts';
import { isOfContainers } from './testing/golden/container-needs.ts';
import { readCopy } from './testing/golden/copy.ts';
import { DIFFERENCES, DIFFERENCES_OF_PROGRAMS } from './testing/golden/differences.ts';
import { Replay } from './testing/golden/replay.ts';
import { selectCases } from './testing/golden/suite.ts';

/** A machine that does much else: one case has an image of 123 MB. */
const TIMEOUT_MS = 120_000;
/** Of what neither runs a container nor builds. */
const MIN_EQUAL = 0.97;
/** The copy lacks the cases that run programs, nearly all of which are equal: of all that there are it is over 95 %. */
const MIN_EQUAL_OF_CONTAINERS = 0.94;
const COMPATIBILITY = new URL('../../../docs/compatibility.md', import.meta.url);

describe('as the recorded client', () => {
  const recording = readCopy();
  const { applicable, leftOut } = selectCases(recording);
  const isDifferent = ({ id }: { readonly id: string }) => Object.hasOwn(DIFFERENCES, id);
  const zone = process.env.TZ;
  let replay: Replay;
  beforeAll(async () => {
    // Times of the recording are in UTC.
    process.env.TZ = 'UTC';
    replay = await Replay.start(recording);
  });
  afterAll(async () => {
    await replay[Symbol.asyncDispose]();
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  test.each(applicable.filter((recorded) => !isDifferent(recorded)))(
    '$id: $argv',
    async (recorded) => {
      const { actual, expected } = await replay.run(recorded);
      expect(actual).toEqual(expected);
    },
    TIMEOUT_MS,
  );

  test.each(applicable.filter(isDifferent))(
    '$id differs on purpose',
    async (recorded) => {
      const { actual, expected } = await replay.run(recorded);
      expect(actual, 'the case has become equal: take its row away').not.toEqual(expected);
    },
    TIMEOUT_MS,
  );

  test('differs in few cases, all of which are replayed', () => {
    const unknown = Object.keys(DIFFERENCES).filter((id) => !recording.cases.some((one) => one.id === id));
    expect(unknown).toEqual([]);
    const [ofContainers, others] = [true, false].map((wanted) =>
      applicable.filter((recorded) => isOfContainers(recorded) === wanted),
    ) as [GoldenCase[], GoldenCase[]];
    expect(others.filter(isDifferent).length).toBeLessThan((1 - MIN_EQUAL) * others.length);
    expect(ofContainers.filter(isDifferent).length).toBeLessThan(
      (1 - MIN_EQUAL_OF_CONTAINERS) * ofContainers.length,
    );
  });

  test('is held against every case of the copy, except for what this machine cannot make', () => {
    expect(
      [...leftOut.keys()].filter((reason) => !/^there is no \w+ here$|^containers need Linux$/.test(reason)),
    ).toEqual([]);
  });

  test('differs where the documentation says so, and nowhere else', () => {
    const [, section = ''] =
      /## Cases that differ\n([\s\S]*?)(?=\n## )/.exec(readFileSync(COMPATIBILITY, 'utf8')) ?? [];
    const told = [...section.matchAll(/`([\w-]+\/[\w-]+)`/g)].map(([, id]) => id);
    expect(told.sort()).toEqual(Object.keys({ ...DIFFERENCES, ...DIFFERENCES_OF_PROGRAMS }).sort());
  });
});
