import { runGolden } from '../apps/cli/src/testing/golden/run-golden.ts';

process.exitCode = await runGolden(process.argv.slice(2), (text) => process.stdout.write(text));
