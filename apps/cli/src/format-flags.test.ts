import { expect, test } from 'vitest';
import { runCli } from './testing/run-cli.ts';

test('the help text of a format keeps its lines and wraps long ones', async () => {
  expect((await runCli(['system', 'df', '--help'])).stdout.split('\n').slice(4, 13)).toEqual([
    'Options:',
    '      --format string   Format output using a custom template:',
    "                        'table':            Print output in table format",
    '                        with column headers (default)',
    "                        'table TEMPLATE':   Print output in table format",
    '                        using the given Go template',
    "                        'json':             Print in JSON format",
    "                        'TEMPLATE':         Print output using the given",
    '                        Go template.',
  ]);
});
