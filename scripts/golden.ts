import { runGolden } from '../apps/cli/src/testing/golden/run-golden.ts';
import { writeApiCopy } from '../apps/server/src/docker/testing/golden/copy.ts';
import { readApiRecording } from '../apps/server/src/docker/testing/golden/exchanges.ts';

const args = process.argv.slice(2);
try {
  process.exitCode = await runGolden(args, (text) => process.stdout.write(text));
  // Those of the Engine API are known in one place alone.
  const recording = args.includes('--write') ? readApiRecording() : undefined;
  if (recording) {
    const { bytes, cases } = writeApiCopy(recording);
    process.stdout.write(`${cases} cases of the Engine API, ${bytes} bytes\n`);
  }
} catch (error) {
  // What went wrong in a replay has a cause, and its stack is wanted.
  console.error(error instanceof Error && error.cause === undefined ? error.message : error);
  process.exitCode = 1;
}
