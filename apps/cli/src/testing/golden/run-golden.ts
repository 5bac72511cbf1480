import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { GoldenCase } from './cases.ts';
import { COPY, readCopy, readSurroundings, writeCopy } from './copy.ts';
import { RECORDINGS, type Recording, readFolder } from './recording.ts';
import { type Counts, countLine, describeLeftOut, describeResult, isGood } from './report.ts';
import { replayAll, selectCases, type Verdict } from './suite.ts';

const USAGE = `Usage:  npm run golden -- [OPTIONS]

Replays recordings of Docker's client against the command line's code, in this process: those of
../shared/golden if they are there, else the project's own copy, e2e/golden.

Options:
  --dir DIR     A folder of recordings; or of a copy of them
  --only TEXT   Only the cases with this text in their names
  --decisions   Print the cases that differ by decision too
  --left-out    Print why cases are left out, and how many for each reason
  --write       Replay nothing: write the applicable cases of the folder into e2e/golden
`;

/** `npm run golden`: returns the exit code. */
export async function runGolden(args: readonly string[], print: (text: string) => void): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      dir: { type: 'string' },
      only: { type: 'string', default: '' },
      decisions: { type: 'boolean' },
      'left-out': { type: 'boolean' },
      write: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    print(USAGE);
    return 0;
  }
  // npm runs scripts at the top; a path is meant from where the user is.
  const directory = values.dir && resolve(process.env.INIT_CWD ?? '.', values.dir);
  const recording = readRecording(directory);
  const named = recording.cases.filter(({ id }) => id.includes(values.only));
  const { applicable, leftOut } = selectCases({ ...recording, cases: named });
  if (values.write) {
    const bytes = await writeCopy(recording, applicable);
    print(`${applicable.length} cases, ${bytes} bytes in ${COPY}\n`);
    return 0;
  }
  const verdicts: Verdict[] = [];
  for await (const result of replayAll(recording, applicable)) {
    verdicts.push(result.verdict);
    if (result.verdict === 'unexplained' || (values.decisions && result.verdict !== 'equal'))
      print(`${describeResult(result)}\n`);
  }
  if (values['left-out']) print(`Left out:\n${describeLeftOut(leftOut)}\n`);
  const count = (verdict: Verdict) => verdicts.filter((each) => each === verdict).length;
  const counts: Counts = {
    cases: named.length,
    applicable: applicable.length,
    equal: count('equal'),
    different: count('different-by-decision'),
    unexplained: count('unexplained'),
    leftOut: named.length - applicable.length,
  };
  if (directory === undefined) tellOfMissing(applicable, print);
  print(`${countLine(counts)}\n`);
  // A part of the cases says nothing of the share of all.
  return isGood(counts) || (values.only !== '' && counts.unexplained === 0) ? 0 : 1;
}

/** The tests replay the copy alone: what has become applicable must go into it. */
function tellOfMissing(applicable: readonly GoldenCase[], print: (text: string) => void): void {
  const copied = new Set(readCopy().cases.map(({ id }) => id));
  const missing = applicable.filter(({ id }) => !copied.has(id)).length;
  if (missing > 0) print(`e2e/golden lacks ${missing} of these cases: npm run golden -- --write\n`);
}

function readRecording(directory: string | undefined): Recording {
  const found = directory ?? (existsSync(RECORDINGS) ? RECORDINGS : COPY);
  if (existsSync(resolve(found, 'cases'))) return readCopy(found);
  return readFolder(found, () =>
    found !== RECORDINGS && existsSync(RECORDINGS)
      ? readFolder(RECORDINGS, () => readSurroundings())
      : readSurroundings(),
  );
}
