import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type CommandSpec, withNested } from './command.ts';
import { COMMON_COMMANDS, GLOBAL_FLAGS, GROUPS, OTHER_COMMANDS } from './program.ts';

const PAGE = new URL('../../../docs/compatibility.md', import.meta.url);
const ROWS = readFileSync(PAGE, 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|'));

/** `create` takes what `run` takes, and the page tells it once. */
const TOLD_AS: Readonly<Record<string, string>> = { create: 'run' };

/** The command that a row is about: `image ls` is `images`, and has no row of its own. */
function nameOf({ name, alsoKnownAs = [] }: CommandSpec): string {
  const short = alsoKnownAs.find((full) => !full.includes(' '));
  return short === undefined ? name : (TOLD_AS[short] ?? short);
}

/** What rows on options of the command say, those that list several commands too. */
function rowsOf(name: string): string {
  return ROWS.filter((row) => new RegExp(`\`(?:[a-z ]*\\b)?${name}\\b`).test(row)).join('\n');
}

const listed = [...COMMON_COMMANDS, ...OTHER_COMMANDS, ...GROUPS.flatMap((group) => group.commands)];
const commands = listed.flatMap(withNested);
const options = commands.flatMap((spec) =>
  spec.flags
    .filter(({ hidden }) => hidden !== true)
    .map(({ name, short }) => ({ command: nameOf(spec), name, short })),
);

test.each(options)('the page on compatibility tells of $command --$name', ({ command, name, short }) => {
  const told = short === undefined ? `--${name}\\b` : `(?:--${name}\\b|[\` ]-${short}\\b)`;
  expect(rowsOf(command)).toMatch(new RegExp(told));
});

test.each(commands.filter(({ flags }) => flags.length === 0).map(nameOf))(
  'the page on compatibility tells of %s',
  (name) => expect(rowsOf(name)).not.toBe(''),
);

test.each(GLOBAL_FLAGS)('the page on compatibility tells of --$name', ({ name }) => {
  expect(ROWS.join('\n')).toContain(`--${name}`);
});
