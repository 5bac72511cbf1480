import { existsSync, globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const REPOSITORY = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const CORE = 'packages/core/src';

const ROW_0 = ['errors', 'digest', 'reference', 'platform', 'clock'];
const ROW_1 = ['bytes', 'oci', 'config', 'events'];
const ROW_2 = ['tar', 'compression', 'wasm', 'content'];
const UP_TO_ROW_1 = [...ROW_0, ...ROW_1];
const UP_TO_ROW_2 = [...UP_TO_ROW_1, ...ROW_2];
const UP_TO_ROW_3 = [...UP_TO_ROW_2, 'layer'];

/**
 * Who may import whom: a folder of core (or a file at its top) to the folders it may import besides itself.
 * The style guide's table, "Who may import whom", row by row; types count.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[] | 'all'>> = {
  ...Object.fromEntries(ROW_0.map((name) => [name, ROW_0])),
  bytes: ROW_0,
  oci: ROW_0,
  config: ROW_0,
  events: [...ROW_0, 'oci'],
  tar: UP_TO_ROW_1,
  compression: UP_TO_ROW_1,
  wasm: [...UP_TO_ROW_1, 'tar/scanner'],
  content: UP_TO_ROW_1,
  // Bytes in, verdict out: what it checks others have fetched.
  signature: [...ROW_0, 'bytes', 'oci'],
  layer: UP_TO_ROW_2,
  metadata: UP_TO_ROW_3,
  registry: UP_TO_ROW_3.filter((folder) => folder !== 'content'),
  tree: UP_TO_ROW_3,
  image: UP_TO_ROW_3,
  rootfs: UP_TO_ROW_3,
  runtime: [...UP_TO_ROW_3, 'rootfs'],
  build: [...UP_TO_ROW_3, 'tree', 'image', 'rootfs', 'runtime'],
  engine: 'all',
  testing: 'all',
  index: 'all',
};

/** Packages that shipped code may import. A new one is its own commit, with the reason. */
const MAY_DEPEND_ON: Readonly<Record<string, readonly string[]>> = {
  'packages/core': ['@wherry/dockerfile', 'smol-toml', 'undici', 'xz-decompress'],
  'packages/dockerfile': [],
  'packages/gotemplate': [],
  'apps/cli': ['@wherry/core', '@wherry/gotemplate', '@wherry/server', 'commander', 'get-east-asian-width'],
  'apps/server': ['@wherry/core', '@wherry/gotemplate', 'bcryptjs', 'fastify', 'jose', 'pino', 'prom-client'],
  'apps/web': [],
};

/** Tests that hold implementations of several folders against the same cases. */
const TESTS_ACROSS: Readonly<Record<string, readonly string[]>> = {
  'tar/tar-cases': ['wasm'],
};

/** Made by `npm run build` from `assembly/`. */
const GENERATED = ['packages/core/build/core-wasm.js'];

const FORBIDDEN_NAMES = ['utils', 'helpers', 'common', 'misc', 'types'];
const MAX_LINES = 500;

interface SourceFile {
  /** From the repository's root, `/`-separated. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
  readonly isTest: boolean;
}

const IMPORT =
  /^\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;

function readSources(pattern: string): SourceFile[] {
  return globSync(pattern, { cwd: REPOSITORY })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => !/(?:^|\/)(?:node_modules|dist|fixtures)\//.test(path) && !path.endsWith('.d.ts'))
    .sort()
    .map((path) => {
      const text = readFileSync(join(REPOSITORY, path), 'utf8');
      return { path, text, imports: importsOf(text), isTest: /\.test\.tsx?$/.test(path) };
    });
}

function importsOf(text: string): string[] {
  const withoutComments = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  return [...withoutComments.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

/** The path in core's `src`, without extension: `tar/scanner`; absent: not in core. */
function coreModule(path: string): string | undefined {
  return path.startsWith(`${CORE}/`)
    ? path.slice(CORE.length + 1).replace(/(?:\.test)?\.tsx?$/, '')
    : undefined;
}

function folderOf(module: string): string {
  return module.split('/', 1)[0] ?? '';
}

function resolveImport(from: SourceFile, specifier: string): string {
  return posix.join(posix.dirname(from.path), specifier);
}

const isNodeModule = (specifier: string) =>
  specifier.startsWith('node:') || builtinModules.includes(specifier);
const isRelative = (specifier: string) => specifier.startsWith('.');
const packageName = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
const workspaceOf = (path: string) => path.split('/').slice(0, 2).join('/');

const sources = [...readSources('packages/*/src/**/*.ts'), ...readSources('apps/*/src/**/*.{ts,tsx}')];
const coreSources = sources.filter((file) => coreModule(file.path) !== undefined);

/** Faults as lines, so that a failure names every one of them. */
function faults(files: readonly SourceFile[], find: (file: SourceFile) => Iterable<string>): string[] {
  return files.flatMap((file) => [...find(file)].map((fault) => `${file.path}: ${fault}`));
}

describe('core', () => {
  test('has only folders that the table knows', () => {
    const folders = coreSources.map((file) => folderOf(coreModule(file.path) ?? ''));
    const unknown = [...new Set(folders)].filter(
      (folder) => folder !== 'architecture' && !(folder in MAY_IMPORT),
    );
    expect(unknown).toEqual([]);
  });

  test('imports only what the table allows', () => {
    const found = faults(coreSources, function* (file) {
      const module = coreModule(file.path) ?? '';
      const folder = folderOf(module);
      const allowed = MAY_IMPORT[folder];
      if (allowed === undefined || allowed === 'all') return;
      for (const specifier of file.imports.filter(isRelative)) {
        const target = coreModule(resolveImport(file, specifier));
        if (GENERATED.includes(resolveImport(file, specifier))) continue;
        if (target === undefined) yield `${specifier} lies outside core`;
        else if (
          folderOf(target) === folder ||
          allowed.includes(folderOf(target)) ||
          allowed.includes(target)
        )
          continue;
        else if (!(file.isTest && ['testing', ...(TESTS_ACROSS[module] ?? [])].includes(folderOf(target))))
          yield `must not import ${target}`;
      }
    });
    expect(found).toEqual([]);
  });

  test('ships nothing that comes from testing', () => {
    const found = faults(
      coreSources.filter((file) => !file.isTest && !coreModule(file.path)?.startsWith('testing/')),
      function* (file) {
        for (const specifier of file.imports.filter(isRelative))
          if (coreModule(resolveImport(file, specifier))?.startsWith('testing/'))
            yield `imports ${specifier}`;
      },
    );
    expect(found).toEqual([]);
  });

  test('has a first row without node modules', () => {
    const found = faults(coreSources.filter(isShippedRow0), (file) =>
      file.imports.filter((each) => !isRelative(each)),
    );
    expect(found).toEqual([]);
  });

  test('has a first row without cycles', () => {
    const edges = importEdges(coreSources.filter(isShippedRow0));
    expect([...edges.keys()].filter((path) => reaches(edges, path, path))).toEqual([]);
  });

  test('imports files, not barrels', () => {
    // An entry point of the package is an index.ts; it may name another one.
    const insiders = coreSources.filter((file) => posix.basename(file.path) !== 'index.ts');
    const isBarrel = (specifier: string) => /^\.{1,2}(?:\/(?:.*\/)?(?:index\.ts)?)?$/.test(specifier);
    expect(faults(insiders, (file) => file.imports.filter(isBarrel))).toEqual([]);
  });
});

describe('languages', () => {
  const languages = sources.filter(
    (file) => /^packages\/(?:dockerfile|gotemplate)\/src\//.test(file.path) && !isTestCode(file),
  );

  test('are pure: no node modules, nothing of ours, no runtime dependencies', () => {
    expect(faults(languages, (file) => file.imports.filter((each) => !isRelative(each)))).toEqual([]);
  });

  test('have no cycles', () => {
    const edges = importEdges(languages);
    expect([...edges.keys()].filter((path) => reaches(edges, path, path))).toEqual([]);
  });

  test('are there', () => {
    expect(new Set(languages.map((file) => workspaceOf(file.path)))).toContain('packages/gotemplate');
  });
});

describe('apps', () => {
  const apps = sources.filter((file) => file.path.startsWith('apps/'));

  test('import what core exports, and its testing only in tests', () => {
    const manifest = JSON.parse(readFileSync(join(REPOSITORY, 'packages/core/package.json'), 'utf8'));
    const exported = Object.keys(manifest.exports).map((path) => posix.join('@wherry/core', path));
    const found = faults(apps, function* (file) {
      for (const specifier of file.imports.filter((each) => packageName(each) === '@wherry/core')) {
        if (!exported.includes(specifier)) yield `${specifier} is not exported`;
        if (specifier === '@wherry/core/testing' && !isTestCode(file)) yield `${specifier} is for tests`;
      }
    });
    expect(found).toEqual([]);
  });

  test('never reach out of themselves by a path', () => {
    const found = faults(sources, function* (file) {
      for (const specifier of file.imports.filter(isRelative))
        if (workspaceOf(resolveImport(file, specifier)) !== workspaceOf(file.path)) yield specifier;
    });
    expect(found).toEqual([]);
  });

  test('never import each other, save the command line the server, lazily', () => {
    const found = faults(apps, function* (file) {
      for (const specifier of file.imports.filter((each) =>
        /^@wherry\/(?:cli|server|web)$/.test(packageName(each)),
      )) {
        const lazily = new RegExp(`import\\(\\s*['"]${specifier}['"]\\s*\\)`).test(file.text);
        const isServe = file.path.startsWith('apps/cli/') && packageName(specifier) === '@wherry/server';
        const typesOnly = !new RegExp(`import (?!type)[^;]*from ['"]${specifier}['"]`).test(file.text);
        if (!isServe || !(lazily || typesOnly)) yield specifier;
      }
    });
    expect(found).toEqual([]);
  });
});

describe('dependencies', () => {
  test('of shipped code are on the allow-list', () => {
    const shipped = sources.filter((file) => !isTestCode(file) && !file.path.endsWith('.config.ts'));
    const found = faults(shipped, function* (file) {
      const allowed = MAY_DEPEND_ON[workspaceOf(file.path)] ?? [];
      for (const specifier of file.imports)
        if (!isRelative(specifier) && !isNodeModule(specifier) && !allowed.includes(packageName(specifier)))
          yield specifier;
    });
    expect(found).toEqual([]);
  });

  test.each(Object.entries(MAY_DEPEND_ON))(
    'of %s in its package.json are on the allow-list',
    (workspace, allowed) => {
      const path = join(REPOSITORY, workspace, 'package.json');
      if (!existsSync(path)) return;
      const { dependencies = {} } = JSON.parse(readFileSync(path, 'utf8'));
      expect(Object.keys(dependencies).filter((name) => !allowed.includes(name))).toEqual([]);
    },
  );
});

describe('files', () => {
  test('are short, or say why not in their head comment', () => {
    const found = faults(
      sources.filter((file) => !isTestCode(file)),
      function* (file) {
        const lines = file.text.split('\n').length - 1;
        if (lines > MAX_LINES && !/^\/(?:\*\*|\/)/.test(file.text)) yield `${lines} lines`;
      },
    );
    expect(found).toEqual([]);
  });

  test('have names that say what is in them', () => {
    const found = sources.filter((file) =>
      FORBIDDEN_NAMES.includes(posix.basename(file.path).replace(/(?:\.test)?\.tsx?$/, '')),
    );
    expect(found.map((file) => file.path)).toEqual([]);
  });

  test('leave no test alone', () => {
    const only = new RegExp(`\\b(?:test|it|describe)\\.${'only'}\\b`);
    expect(sources.filter((file) => only.test(file.text)).map((file) => file.path)).toEqual([]);
  });
});

describe('this test', () => {
  test('sees every way of importing', () => {
    const text = [
      "import a from 'one';",
      "import type { b } from 'two';",
      'import {\n  c,\n  d,\n} from "three";',
      "export * from 'four';",
      "export type { e } from 'five';",
      "import 'six';",
      "const f = await import('seven');",
      "// import g from 'none';",
      "/* import h from 'none'; */",
    ].join('\n');
    expect(importsOf(text)).toEqual(['one', 'two', 'three', 'four', 'five', 'six', 'seven']);
  });

  test('reads this repository', () => {
    expect(coreSources.length).toBeGreaterThan(10);
    expect(
      relative(REPOSITORY, fileURLToPath(import.meta.url))
        .split(sep)
        .join('/'),
    ).toBe(`${CORE}/architecture.test.ts`);
  });
});

function isShippedRow0(file: SourceFile): boolean {
  return !file.isTest && ROW_0.includes(coreModule(file.path) ?? '');
}

function isTestCode(file: SourceFile): boolean {
  return file.isTest || /\/(?:testing|test)\//.test(file.path);
}

function importEdges(files: readonly SourceFile[]): Map<string, string[]> {
  return new Map(
    files.map((file) => [file.path, file.imports.map((specifier) => resolveImport(file, specifier))]),
  );
}

function reaches(edges: ReadonlyMap<string, readonly string[]>, from: string, goal: string): boolean {
  const seen = new Set<string>();
  const queue = [...(edges.get(from) ?? [])];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (path === goal) return true;
    if (seen.has(path)) continue;
    seen.add(path);
    queue.push(...(edges.get(path) ?? []));
  }
  return false;
}
