import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { GoldenCase } from './cases.ts';
import { runsProgram } from './container-needs.ts';
import { COPY, readCopy, readSurroundings, writeCopy } from './copy.ts';
import { RECORDINGS, type Recording, readFolder } from './recording.ts';
import { type Counts, countLine, describeLeftOut, describeResult, isGood } from './report.ts';
import { replayAll, selectCases, type Verdict } from './suite.ts';

const USAGE = `Usage:  npm run golden -- [OPTIONS]

Replays recordings of Docker's client against the command line's code, in this process: those of
../shared/golden if they are there, else the project's own copy, e2e/golden. Prints the cases that
differ; fails when one of them is no decision, or when fewer than 95 % are equal.

Options:
      --dir DIR     A folder of recordings, or of a copy of them
      --left-out    Print why cases are left out, and how many for each reason
      --only TEXT   Replay only the cases with this text in their names
      --write       Replay nothing: write the applicable cases of the folder into e2e/golden, but
                   those that run a program of an image
`;

const OPTIONS = {
  dir: { type: 'string' },
  help: { type: 'boolean' },
  'left-out': { type: 'boolean' },
  only: { type: 'string', default: '' },
  write: { type: 'boolean' },
} as const;

type Print = (text: string) => void;

/** `npm run golden`: returns the exit code. */
export async function runGolden(args: readonly string[], print: Print): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help) {
    print(USAGE);
    return 0;
  }
  // npm runs scripts at the top; a path is meant from where the user is.
  const directory = values.dir && resolve(process.env.INIT_CWD ?? '.', values.dir);
  const recording = readRecording(directory);
  if (values.write) return await write(recording, print);

  const cases = recording.cases.filter(({ id }) => id.includes(values.only));
  const { applicable, leftOut } = selectCases({ ...recording, cases });
  const verdicts = await replay(recording, applicable, print);
  if (values['left-out']) print(`Left out:\n${describeLeftOut(leftOut)}\n`);
  if (directory === undefined) tellOfMissing(applicable, print);
  const counts = countsOf(cases.length, verdicts);
  print(`${countLine(counts)}\n`);
  // A part of the cases says nothing of the share of all.
  const isPartGood = values.only !== '' && applicable.length > 0 && counts.unexplained === 0;
  return isGood(counts) || isPartGood ? 0 : 1;
}

async function replay(
  recording: Recording,
  cases: readonly GoldenCase[],
  print: Print,
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for await (const result of replayAll(recording, cases)) {
    verdicts.push(result.verdict);
    if (result.verdict !== 'equal') print(`${describeResult(result)}\n`);
  }
  return verdicts;
}

function countsOf(cases: number, verdicts: readonly Verdict[]): Counts {
  const count = (verdict: Verdict) => verdicts.filter((each) => each === verdict).length;
  return {
    cases,
    applicable: verdicts.length,
    equal: count('equal'),
    different: count('different-by-decision'),
    unexplained: count('unexplained'),
    leftOut: cases - verdicts.length,
  };
}

async function write(recording: Recording, print: Print): Promise<number> {
  if (recording.images.areStandIns)
    throw new Error('--write needs a folder of recordings that has fixtures/registry');
  // The copy's images are stand-ins, without programs.
  const copied = selectCases(recording).applicable.filter((recorded) => !runsProgram(recorded));
  const bytes = await writeCopy(recording, copied);
  print(`${copied.length} cases, ${bytes} bytes in ${COPY}\n`);
  return 0;
}

/** The tests replay the copy alone: what has become applicable must go into it. */
function tellOfMissing(applicable: readonly GoldenCase[], print: Print): void {
  const copied = new Set(readCopy().cases.map(({ id }) => id));
  const missing = applicable.filter((one) => !copied.has(one.id) && !runsProgram(one)).length;
  if (missing > 0) print(`e2e/golden lacks ${missing} of these cases: npm run golden -- --write\n`);
}

function readRecording(directory: string | undefined): Recording {
  const found = directory ?? (existsSync(RECORDINGS) ? RECORDINGS : COPY);
  if (!existsSync(found)) throw new Error(`${found}: no such directory`);
  if (existsSync(resolve(found, 'cases'))) return readCopy(found);
  return readFolder(found, () =>
    found !== RECORDINGS && existsSync(RECORDINGS)
      ? readFolder(RECORDINGS, () => readSurroundings())
      : readSurroundings(),
  );
}
