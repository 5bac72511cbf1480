import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine, type SearchRequest, type SearchResult } from '@wherry/core';
import { type ScriptedServer, startScriptedServer } from '@wherry/core/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli } from '../testing/run-cli.ts';

// Recordings of a real client, from a directory beside the checkout.
const GOLDEN = new URL('../../../../../shared/golden/', import.meta.url);
/** Where the recorded client found the recorded server. */
const RECORDED_HOSTS = ['127.0.0.1:5058', 'localhost', 'docker.io'];
/** What cannot be played here. */
const UNPLAYABLE: Readonly<Record<string, string>> = {
  offline: 'its text is that of a resolver',
  'format-fields': 'the recorded client has no placeholder for automated builds',
  'format-table': 'the recorded client has no placeholder for automated builds',
};

interface GoldenCase {
  readonly name: string;
  readonly argv: readonly string[];
  readonly exit: number;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

interface GoldenServer {
  readonly answers: readonly { readonly name: string; readonly is_automated: boolean }[];
}

function readGolden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, GOLDEN), 'utf8')) as T;
}

/** Plays what `rules` in the recording say. */
function serveRecorded(): Promise<ScriptedServer> {
  const { answers } = readGolden<GoldenServer>('search-server.json');
  return startScriptedServer(({ url }) => {
    if (url.pathname !== '/v1/search') return undefined;
    const term = (url.searchParams.get('q') ?? '').replace(/^library\//, '');
    if (term === 'boom') return { status: 500, body: 'oops' };
    if (term === 'badjson') return { body: '{"results": [{"name": "ng' };
    const results = answers.filter(({ name }) => name.includes(term));
    return { body: { query: term, results: results.slice(0, Number(url.searchParams.get('n'))) } };
  });
}

/**
 * A recorded table with the column for automated builds that the recorded client has no more, when the answer has
 * such a build: then without the blanks at the ends of its lines.
 */
function withAutomated(
  [heading = '', ...rows]: readonly string[],
  automated: ReadonlySet<string>,
): string[] | undefined {
  const isAutomated = (row: string) => automated.has(row.slice(0, row.indexOf(' ')));
  if (!heading.endsWith('OFFICIAL') || !rows.some(isAutomated)) return undefined;
  const width = `${heading}   `.length;
  return trimmed([
    `${heading}   AUTOMATED`,
    ...rows.map((row) => row.padEnd(width) + (isAutomated(row) ? '[OK]' : '')),
  ]);
}

function trimmed(lines: readonly string[]): string[] {
  return lines.map((line) => line.trimEnd());
}

function asWherry(lines: readonly string[]): string {
  return lines.join('\n').replace('Error response from daemon: ', 'Error: ').replaceAll('docker', 'wherry');
}

describe.skipIf(!existsSync(GOLDEN))('as the recorded client', () => {
  const home = mkdtempSync(join(tmpdir(), 'wherry-search-'));
  const configFile = join(home, 'config.toml');
  const engine = openEngine({ root: home, env: { HOME: home }, configFile });
  let server: ScriptedServer;

  beforeAll(async () => {
    server = await serveRecorded();
    const rules = RECORDED_HOSTS.map(
      (prefix) => `[[registry]]\nprefix = "${prefix}"\nlocation = "http://${server.host}"\n`,
    );
    writeFileSync(configFile, rules.join(''));
  });
  afterAll(async () => {
    await engine.close();
    await server?.[Symbol.asyncDispose]();
    rmSync(home, { recursive: true });
  });

  const { cases } = existsSync(GOLDEN) ? readGolden<{ cases: GoldenCase[] }>('search.json') : { cases: [] };
  const { answers } = existsSync(GOLDEN) ? readGolden<GoldenServer>('search-server.json') : { answers: [] };
  const automated = new Set(answers.filter((answer) => answer.is_automated).map(({ name }) => name));
  for (const { name, argv, exit, stdout, stderr } of cases) {
    test.skipIf(name in UNPLAYABLE)(`${name}: ${argv.join(' ')}`, async () => {
      const result = await runCli(argv, { engine: { search: engine.search } });
      const table = withAutomated(stdout, automated);
      if (table) expect(trimmed(result.stdout.split('\n'))).toEqual(table);
      else expect(result.stdout).toBe(stdout.join('\n'));
      const told = asWherry(stderr);
      // A line with what to do next may stand behind the recorded text.
      expect(told === '' ? result.stderr : result.stderr.slice(0, told.length)).toBe(told);
      expect(result.exitCode).toBe(exit);
    });
  }

  test('asks what the recorded engine asked', async () => {
    const from = server.asked().length;
    for (const argv of [
      ['127.0.0.1:5058/a b'],
      ['--limit=1', 'tensorflow'],
      ['127.0.0.1:5058/tensorflow/serving'],
    ])
      await runCli(['search', ...argv], { engine: { search: engine.search } });
    const { requests_seen: seen } = readGolden<{ requests_seen: { path: string }[] }>('search-server.json');
    const recorded = seen.map(({ path }) => path);
    expect(recorded).toEqual(expect.arrayContaining(server.asked().slice(from)));
  });
});

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
