import { runGolden } from '../apps/cli/src/testing/golden/run-golden.ts';

try {
  process.exitCode = await runGolden(process.argv.slice(2), (text) => process.stdout.write(text));
} catch (error) {
  // What went wrong in a replay has a cause, and its stack is wanted.
  console.error(error instanceof Error && error.cause === undefined ? error.message : error);
  process.exitCode = 1;
}
