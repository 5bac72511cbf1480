import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GoldenCase, HAS_GOLDEN, isText, readCases } from './testing/golden/cases.ts';
import { DIFFERENCES } from './testing/golden/differences.ts';
import { whyLeftOut } from './testing/golden/left-out.ts';
import { Replay } from './testing/golden/replay.ts';
import { runCli } from './testing/run-cli.ts';

/** Commands of which every option is offered, and no other. */
const SAME_HELP = ['history --help', 'image history --help', 'info --help', 'login --help'];

const reason = HAS_GOLDEN ? '' : ' (skipped: no recordings in ../shared/golden)';

describe.skipIf(!HAS_GOLDEN)(`as the recorded client${reason}`, () => {
  // Times of the recording are in UTC.
  process.env.TZ = 'UTC';
  const cases = readCases();
  const replayed = cases.filter((recorded) => whyLeftOut(recorded) === undefined);
  let replay: Replay;
  beforeAll(async () => {
    replay = await Replay.start(cases);
  });
  afterAll(() => replay[Symbol.asyncDispose]());

  const isDifferent = ({ id }: GoldenCase) => Object.hasOwn(DIFFERENCES, id);

  test.each(replayed.filter((recorded) => !isDifferent(recorded)))('$id: $argv', async (recorded) => {
    const { actual, expected } = await replay.run(recorded);
    expect(actual).toEqual(expected);
  });

  test.each(replayed.filter(isDifferent))('$id differs on purpose', async (recorded) => {
    const { actual, expected } = await replay.run(recorded);
    expect(actual, 'the case has become equal: take its row away').not.toEqual(expected);
  });

  test('differs in no case that is not replayed', () => {
    expect(Object.keys(DIFFERENCES).filter((id) => !replayed.some((recorded) => recorded.id === id))).toEqual(
      [],
    );
  });

  test.each(cases.filter(({ file, argv }) => file === 'help' && SAME_HELP.includes(argv.join(' '))))(
    'explains $argv',
    async ({ argv, stdout }) => {
      const text = isText(stdout) ? (stdout ?? []).join('\n').replaceAll(/docker(?!\.com)/g, 'wherry') : '';
      expect(await runCli(argv)).toMatchObject({ exitCode: 0, stdout: text, stderr: '' });
    },
  );
});
