import type { SearchRequest, SearchResult } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

const RESULT: SearchResult = {
  name: 'a',
  description: '',
  starCount: 0,
  isOfficial: false,
  isAutomated: false,
};

async function search(argv: readonly string[], ...results: Partial<SearchResult>[]) {
  const requests: SearchRequest[] = [];
  const found = results.map((result) => ({ ...RESULT, ...result }));
  const outcome = await runCli(['search', ...argv], {
    engine: {
      search: async (request) => {
        requests.push(request);
        return found;
      },
    },
  });
  return { ...outcome, requests };
}

describe('search', () => {
  test('asks for what the command line says', async () => {
    const argv = [
      '-f',
      'Stars = 3',
      '--filter=stars=5',
      '-f',
      '',
      '-f',
      'is-official=true',
      '--limit',
      '7',
      'x',
    ];
    expect((await search(argv)).requests).toEqual([
      { term: 'x', limit: 7, filters: { stars: ['3', '5'], 'is-official': ['true'] } },
    ]);
    expect((await search(['x'])).requests).toEqual([{ term: 'x', filters: {} }]);
    expect((await search(['--limit=-1', 'x'])).requests).toEqual([{ term: 'x', filters: {} }]);
  });

  test('lets no registry write escape sequences to the terminal', async () => {
    const { stdout } = await search(
      ['x'],
      { name: 'a\x1b]0;title\x07', description: '\x1b[2Jred\u009b31m\r\nnext' },
      { name: 'b\tc', description: '\u202e' },
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    expect(stdout.split('\n')[1]).toMatch(/^a \]0;title {5}\[2Jred 31m {2}next {3}0 {9}$/);
  });

  test('counts wide characters as two cells, and cuts between characters', async () => {
    const { stdout } = await search(
      ['x'],
      { name: '漢字', description: `${'字'.repeat(22)}😀` },
      { isOfficial: true },
    );
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      `NAME      ${'DESCRIPTION'.padEnd(48)}STARS     OFFICIAL`,
      `漢字      ${'字'.repeat(22)}…   0         `,
      `a         ${' '.repeat(48)}0         [OK]`,
    ]);
    const whole = await search(['--no-trunc', 'x'], { description: 'd'.repeat(46) });
    expect(whole.stdout).toContain(` ${'d'.repeat(46)}   0 `);
  });

  test('has a column for automated builds when there is one, and a placeholder always', async () => {
    const [plain, automated] = [{ name: 'plain' }, { name: 'auto', isAutomated: true }];
    const { stdout } = await search(['x'], plain, automated);
    expect(stdout.split('\n').map((line) => line.trimEnd())).toEqual([
      'NAME      DESCRIPTION   STARS     OFFICIAL   AUTOMATED',
      'plain                   0',
      'auto                    0                    [OK]',
      '',
    ]);
    expect((await search(['x'], plain)).stdout).not.toContain('AUTOMATED');
    const format = ['--format', '{{.Name}} {{.IsAutomated}}', 'x'];
    expect((await search(format, plain, automated)).stdout).toBe('plain \nauto [OK]\n');
    expect((await search(['--format', 'json', 'x'], automated)).stdout).not.toContain('Automated');
  });

  test('lists its options', async () => {
    const { stdout } = await runCli(['search', '--help']);
    expect(stdout).toBe(`Usage:  wherry search [OPTIONS] TERM

Search Docker Hub for images

Options:
  -f, --filter filter   Filter output based on conditions provided
      --format string   Pretty-print search using a Go template
      --limit int       Max number of search results
      --no-trunc        Don't truncate output
`);
  });
});
