import { describe, expect, test } from 'vitest';
import { formatList } from './format.ts';
import type { Listing } from './listing.ts';

interface Boat {
  readonly name: string;
  readonly crew: number;
}

const BOATS: Listing<Boat> = {
  goType: 'formatter.boatContext',
  fields: {
    ID: ({ name }) => name.slice(0, 2),
    Name: ({ name }) => name,
    Crew: ({ crew }) => (crew === 0 ? '' : String(crew)),
  },
  headings: { ID: 'BOAT ID', Name: 'NAME', Crew: 'CREW' },
  absent: { Crew: 'N/A' },
  table: ['Name', 'Crew'],
};
const ROWS: readonly Boat[] = [
  { name: 'wherry', crew: 1 },
  { name: 'barge <&>', crew: 0 },
];

const print = (format: string, rows = ROWS) => formatList(format, BOATS, rows);

test.each([
  { format: 'table', text: 'NAME        CREW\nwherry      1\nbarge <&>   N/A\n' },
  { format: '{{.ID}}', text: 'wh\nba\n' },
  {
    format: 'json',
    text:
      '{"Crew":"1","ID":"wh","Name":"wherry"}\n' +
      '{"Crew":"","ID":"ba","Name":"barge \\u003c\\u0026\\u003e"}\n',
  },
  {
    format: '{{json .}} {{json .Name}}',
    text:
      '{"Crew":"1","ID":"wh","Name":"wherry"} "wherry"\n' +
      '{"Crew":"","ID":"ba","Name":"barge \\u003c\\u0026\\u003e"} "barge <&>"\n',
  },
  { format: '  {{.ID}}\\t{{.Crew}}\\n ', text: 'wh\t1\n\nba\t\n\n' },
  { format: 'raw', text: 'raw\nraw\n' },
  { format: '{{range 2}}{{.}}{{end}}', text: '01\n01\n' },
  { format: 'table {{.Name}}\\t{{.Crew}}', text: 'NAME        CREW\nwherry      1\nbarge <&>   \n' },
  { format: 'table{{.ID}}: {{.Name}}', text: 'BOAT ID: NAME\nwh: wherry\nba: barge <&>\n' },
  { format: 'table {{upper .ID}} {{truncate .Name 2}}', text: 'BOAT ID NAME\nWH wh\nBA ba\n' },
  { format: 'table {{.ID}}{{slice .Name 4}}', text: 'BOAT ID\nwhry\nbae <&>\n' },
])('prints rows with $format', async ({ format, text }) => {
  expect(await print(format)).toBe(text);
});

test('has headings when there are no rows, and does not try a template on any', async () => {
  expect(await print('table {{.Name}}', [])).toBe('NAME\n');
  expect(await print('{{.Nope}}', [])).toBe('');
  expect(await print('table {{.Nope}}', [])).toBe('<no value>\n');
});

test.each([
  { format: '{{', message: 'template: :1: unclosed action' },
  { format: '{{nope .ID}}', message: 'template: :1: function "nope" not defined' },
  {
    format: 'table {{.Nope}}',
    message:
      'template: :1:2: executing "" at <.Nope>: can\'t evaluate field Nope in type *formatter.boatContext',
  },
  {
    format: '{{if eq .Crew ""}}{{index .Name 99}}{{end}}',
    message: 'template: :1:20: executing "" at <index .Name 99>: error calling index: index out of range: 99',
  },
])('refuses $format', async ({ format, message }) => {
  await expect(print(format)).rejects.toMatchObject({
    message: `template parsing error: ${message}`,
    exitCode: 1,
  });
});

describe('text from elsewhere', () => {
  const rows = [{ name: 'a\x1b[2J\nb\tc', crew: 1 }];

  test('has no control characters in a table but the tab, which begins a cell', async () => {
    const line = 'a [2J b   c         1\n';
    expect(await print('table {{.Name}}\\t{{.Crew}}', rows)).toBe(`NAME      CREW\n${line}`);
    expect(await print('table', rows)).toBe(`NAME      CREW\n${line}`);
  });

  test('is as it is elsewhere', async () => {
    expect(await print('{{.Name}}', rows)).toBe('a\x1b[2J\nb\tc\n');
    expect(await print('json', rows)).toBe('{"Crew":"1","ID":"a\\u001b","Name":"a\\u001b[2J\\nb\\tc"}\n');
  });

  test('is measured by the cells it takes', async () => {
    const wide = [{ name: '漢字漢字', crew: 1 }];
    expect(await print('table {{.Name}}\\t{{.Crew}}', wide)).toBe('NAME       CREW\n漢字漢字   1\n');
  });
});
