import { expect, test } from 'vitest';
import { runCli } from './testing/run-cli.ts';

test('the help text of a format keeps its lines and wraps long ones', async () => {
  expect((await runCli(['version', '--help'])).stdout.split('\n').slice(4)).toEqual([
    'Options:',
    '  -f, --format string   Format output using a custom template:',
    "                        'json':             Print in JSON format",
    "                        'TEMPLATE':         Print output using the given",
    '                        Go template.',
    '                        Refer to https://docs.docker.com/go/formatting/',
    '                        for more information about formatting output with',
    '                        templates',
    '',
  ]);
});
