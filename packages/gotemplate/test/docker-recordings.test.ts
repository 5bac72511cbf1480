import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeJson, dockerFunctions, parseTemplate, TemplateError, typed } from '../src/index.ts';
import { imageInspect, rowType } from './docker-types.ts';

const SHARED = new URL('../../../../shared/', import.meta.url);

interface Recording {
  readonly name: string;
  readonly argv: readonly string[];
  readonly exit: number;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

interface TemplateCase {
  readonly template: string;
  readonly output?: string;
  readonly parseError?: string;
  readonly execError?: string;
  readonly outputBeforeError?: string;
}

function read<T>(path: string): T | undefined {
  const url = new URL(path, SHARED);
  return existsSync(url) ? JSON.parse(readFileSync(url, 'utf8')) : undefined;
}

const recordings = (name: string) => read<{ cases: Recording[] }>(`golden/${name}.json`)?.cases ?? [];

/** The template of a command line; a leading `table` is the command line's business. */
function templateOf({ argv }: Recording): string {
  const at = argv.findIndex((word) => word === '--format' || word === '-f');
  return argv[at + 1]?.replace(/^table /, '') ?? '';
}

const parse = (text: string) => parseTemplate(text, { functions: dockerFunctions });

function failure(run: () => unknown): TemplateError {
  try {
    run();
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const present = existsSync(SHARED);

describe.skipIf(!present)('the cases of the acceptance suite', () => {
  const suite = read<{ data: unknown; cases: TemplateCase[] }>('cases/template/cases.json');
  test.each(suite?.cases ?? [])('$template', ({ template, output, parseError, execError, ...rest }) => {
    if (output !== undefined) return expect(parse(template).execute(suite?.data)).toBe(output);
    const error = failure(() => parse(template).execute(suite?.data));
    expect(error.phase).toBe(parseError === undefined ? 'exec' : 'parse');
    expect(error.message).toBe(parseError ?? execError);
    expect(error.outputBeforeError).toBe(rest.outputBeforeError ?? '');
  });
});

describe.skipIf(!present)('docker inspect --format on an image', () => {
  const cases = recordings('inspect').filter(
    (each) => each.argv.at(-1) === '127.0.0.1:5055/team/app:1.0' && templateOf(each).includes('{{'),
  );
  const whole =
    recordings('inspect')
      .find((each) => each.name === 'format-json')
      ?.stdout.join('\n') ?? '[{}]';

  /** As Docker: on the type first, then, when that fails, on the JSON, where a missing key is an error. */
  function inspect(template: string): string {
    const parsed = parse(template);
    try {
      return parsed.execute(typed(imageInspect, JSON.parse(whole)[0]));
    } catch {
      const [raw] = decodeJson(whole) as unknown[];
      return parsed.execute(raw, { missingKey: 'error' });
    }
  }

  test('there are recordings', () => expect(cases.length).toBeGreaterThan(30));

  test.each(cases)('$name', (recording) => {
    const template = templateOf(recording);
    if (recording.exit === 0)
      expect(`${withoutAddresses(inspect(commandLine(recording) + template))}\n`).toBe(
        withoutAddresses(recording.stdout.join('\n')),
      );
    else
      expect(`template parsing error: ${failure(() => inspect(template)).message}\n`).toBe(
        recording.stderr.join('\n'),
      );
  });

  /** `inspect` has no tables: there the word is part of the template. */
  const commandLine = ({ argv }: Recording) =>
    argv.some((word) => word.startsWith('table ')) ? 'table ' : '';
  const withoutAddresses = (text: string) => text.replace(/0xc[0-9a-f]{9}/g, '0xc000000000');
});

describe.skipIf(!present).each([
  // Docker looks at the format to know whether to list digests.
  { command: 'images', type: '*formatter.imageContext', skip: ['format-createdsince', 'format-digest'] },
  { command: 'history', type: '*image.historyContext', skip: ['format-no-trunc', 'format-human-false'] },
  { command: 'search', type: '*registry.searchContext', skip: ['format-desc-no-trunc'] },
  { command: 'ps', type: '*formatter.ContainerContext', skip: ['format-createdat', 'format-names-status'] },
])('docker $command --format', ({ command, type, skip }) => {
  const all = recordings(command);
  const rows: Record<string, unknown>[] = lines(all.find((each) => each.name === 'format-json')).map((line) =>
    JSON.parse(line),
  );
  const rowOf = rowType(type.slice(1), Object.keys(rows[0] ?? {}));
  const cases = all.filter(
    (each) =>
      /^format-/.test(each.name) &&
      !skip.includes(each.name) &&
      templateOf(each).includes('{{') &&
      !each.argv.some((word) => ['--no-trunc', '--digests'].includes(word)) &&
      !(each.exit === 0 && each.argv.some((word) => word.startsWith('table '))),
  );

  test('there are recordings', () => expect(cases.length).toBeGreaterThan(2));

  test.each(cases)('$name', (recording) => {
    const run = () => rows.map((row) => `${parse(templateOf(recording)).execute(typed(rowOf, row))}\n`);
    if (recording.exit === 0) expect(settled(run().join(''))).toBe(settled(recording.stdout.join('\n')));
    else expect(recording.stderr[0]).toMatch(new RegExp(`: ${escapeRegExp(failure(run).message)}$`));
  });
});

function lines(recording: Recording | undefined): string[] {
  return recording?.stdout.filter((line) => line !== '') ?? [];
}

/** Ages differ from run to run, and the sizes of `ps` are computed for some formats only. */
function settled(text: string): string {
  return text
    .replace(/\d+ seconds? ago/g, 'just now')
    .replace(/Up \d+ seconds?/g, 'Up')
    .replace(/ \(virtual [^)]*\)/g, '');
}

const escapeRegExp = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
