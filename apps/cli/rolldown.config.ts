import { chmodSync, copyFileSync, cpSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type OutputOptions, type Plugin, type RolldownOptions } from 'rolldown';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Modules of Node's that take long to load (`node:crypto` 5 ms) and that many commands never call. */
const SLOW_BUILTINS = [
  'child_process',
  'crypto',
  'fs/promises',
  'http',
  'net',
  'os',
  'sqlite',
  'stream',
  'stream/promises',
  'timers/promises',
  'tls',
  'v8',
  'worker_threads',
  'zlib',
];

/** Puts off `require` of the slow modules until something of theirs is first used. */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  renderChunk: (code) =>
    code.replace(/^let (\w+) = require\("node:([\w/]+)"\);$/gm, (line, variable, name) => {
      // A default import is bound to a copy, which would load the module at once.
      const isCopied = new RegExp(`^${variable} = `, 'm').test(code);
      if (!SLOW_BUILTINS.includes(name) || isCopied) return line;
      // Kept: `require` takes longer than most of what is called, and some of it is called for each file.
      return `const ${variable} = new Proxy({}, { get: (kept, key) => (kept.it ??= require("node:${name}"))[key] });`;
    }),
};

/**
 * What stands for Node's modules in undici, which loads them at its start and hardly uses them: 15 ms of a small
 * pull. An assertion that fails is still told by the real module.
 */
const UNDICI_BUILTINS: Readonly<Record<string, string>> = {
  'node:assert': `
    const assert = (value, message) => { if (!value) require("node:assert")(value, message); };
    module.exports = new Proxy(assert, { get: (_, key) => require("node:assert")[key] });`,
  // undici asks whether a body is an IncomingMessage, and none of ours is; the limit is a default that we set.
  'node:http': 'module.exports = { IncomingMessage: class {}, maxHeaderSize: 16384 };',
  // No HTTP/2 connection is opened here, and undici does without the module where there is none, as in slim builds.
  'node:http2': 'module.exports = { constants: {} };',
};

/**
 * commander looks for commands that are programs of their own, and starts them; none of ours is. It imports whole
 * modules, which are loaded or copied at once: 4 ms of each start.
 */
const COMMANDER_BUILTINS: Readonly<Record<string, string>> = {
  'node:child_process': 'export default {};',
  'node:fs': 'export default {};',
  'node:path': 'export default {};',
  'node:process': 'export default process;',
};

/** Gives a library these sources for modules of Node's. */
const standIns = (library: string, sources: Readonly<Record<string, string>>): Plugin => {
  const prefix = `\0${library}:`;
  const isIn = new RegExp(`[\\\\/]node_modules[\\\\/]${library}[\\\\/]`);
  return {
    name: `stand-ins-for-${library}`,
    resolveId: (id, importer) => (id in sources && isIn.test(importer ?? '') ? `${prefix}${id}` : null),
    load: (id) => (id.startsWith(prefix) ? (sources[id.slice(prefix.length)] ?? null) : null),
  };
};

/**
 * Has V8 optimise undici's parser later: one of its functions is so large that optimising it costs a small pull more
 * than all else that it does. The flag is read when a module is compiled, and then put back: while any flag is
 * changed, V8 compiles Node's own modules anew as they are loaded.
 */
const lateParser: Plugin = {
  name: 'late-parser',
  transform: (code, id) => {
    if (!/[\\/]undici[\\/]lib[\\/]dispatcher[\\/]client-h1\.js$/.test(id)) return null;
    if (!code.includes('new WebAssembly.Module(')) throw new Error(`${id}: compiles no parser`);
    return `${code.replaceAll('new WebAssembly.Module(', 'compileLate(')}
      function compileLate(bytes) {
        const { setFlagsFromString } = require('node:v8');
        setFlagsFromString('--wasm-tiering-budget=100000000');
        try {
          return new WebAssembly.Module(bytes);
        } finally {
          setFlagsFromString('--wasm-tiering-budget=13000000');
        }
      }`;
  },
};

/**
 * commander asks of each option whether its name ends a list, by a class of Unicode that V8 takes over 1 ms to make.
 * The names of our options are ASCII.
 */
const plainOptionNames: Plugin = {
  name: 'plain-option-names',
  transform: (code, id) => {
    if (!/[\\/]commander[\\/]lib[\\/]option\.js$/.test(id)) return null;
    if (!code.includes('/\\p{ID_Continue}\\.')) throw new Error(`${id}: has no class of Unicode`);
    return code.replace(/\/\\p\{ID_Continue\}(.*?)\/u\b/, '/\\w$1/');
  },
};

const launcher: Plugin = {
  name: 'launcher',
  writeBundle: () => {
    writeFileSync(at('dist/package.json'), '{"type":"commonjs"}\n');
    copyFileSync(at('src/launcher.cjs'), at('dist/wherry.js'));
    cpSync(at('src/completion/scripts'), at('dist/scripts'), { recursive: true });
    chmodSync(at('dist/wherry.js'), 0o755);
  },
};

const common = { platform: 'node', transform: { target: 'node22.19' } } satisfies RolldownOptions;
const output = {
  dir: at('dist'),
  // CommonJS starts some 8 ms faster than ES modules.
  format: 'cjs',
  entryFileNames: '[name].js',
  comments: { legal: true, annotation: false, jsdoc: false },
} satisfies OutputOptions;

const main = defineConfig({
  ...common,
  input: { main: at('src/main.ts'), complete: at('src/completion/main.ts') },
  output: {
    ...output,
    cleanDir: true,
    chunkFileNames: '[name]-[hash].js',
    codeSplitting: {
      // Each file costs a fifth of a millisecond: what listing images needs is one, what all commands need another.
      // The groups are in the order of their claims.
      groups: [
        {
          name: 'base',
          test: /[\\/]core[\\/](src|dist)[\\/](errors|engine[\\/]version)\.[jt]s$|[\\/]cli[\\/]src[\\/](errors|exit-codes|io|program|output[\\/](json-format|printable))\.ts$|[\\/]cli[\\/]src[\\/]specs[\\/]|usingCtx/,
          priority: 1,
        },
        {
          name: 'commander',
          test: /[\\/]commander[\\/]lib[\\/]|[\\/]cli[\\/]src[\\/]flags\.ts$/,
          priority: 1,
        },
        {
          name: 'local',
          test: /[\\/](commands[\\/]images[\\/]images|open-engine|engine[\\/](images|open|store[\\/]open-store))\.[jt]s$/,
        },
        {
          name: 'template',
          test: /[\\/](gotemplate[\\/]dist[\\/].*|output[\\/](row-template|template-inspector))\.[jt]s$/,
        },
        {
          name: 'documents',
          test: /[\\/](commands[\\/](images[\\/](history|image-inspect)|inspect)|engine[\\/](history|inspect))\.[jt]s$|[\\/]core[\\/]dist[\\/](oci[\\/]image-config|metadata[\\/]metadata-store|engine[\\/]store[\\/]documents)\.js$/,
        },
        {
          name: 'containers',
          test: /[\\/](commands[\\/]containers[\\/]run|engine[\\/]containers[\\/](open-containers|create|run|start|remove))\.[jt]s$/,
        },
        // What puts layers into the store, and reads them: pulls, builds, commits and loads do.
        {
          name: 'layers',
          test: /[\\/]core[\\/]dist[\\/](engine[\\/](layers[\\/](store-layer|record-image|layer-entries|repack-layer)|store[\\/]duplicate-layers)|layer[\\/](pass-pool|toc-reader)|tar[\\/]reader|image[\\/](build-image|commit-config)|compression[\\/](decompress|compress-zstd)|rootfs[\\/]copy-changes)\.js$/,
        },
        { name: 'configuration', test: /[\\/]core[\\/]dist[\\/]config[\\/]registry-config\.js$/ },
        { name: 'progress', test: /[\\/]cli[\\/]src[\\/]output[\\/](progress|pull-report)\.ts$/ },
        {
          name: 'transfer',
          test: /[\\/](engine[\\/](pull|push|layers[\\/]pull-layers)|registry[\\/](client|undici-transport))\.[jt]s$/,
        },
        { name: 'tag', test: /[\\/]core[\\/]dist[\\/]engine[\\/]tag\.js$/ },
        {
          name: 'tars',
          test: /[\\/]core[\\/]dist[\\/](tar[\\/]writer|tree[\\/](image-tree|layer-contents)|layer[\\/](toc-writer|whiteout|empty-layer)|rootfs[\\/](diff-layer|tar-files|copy-changes)|image[\\/]config-history)\.js$/,
        },
        {
          name: 'instructions',
          test: /[\\/]core[\\/]dist[\\/]image[\\/]((apply|expand)-instruction|environment)\.js$|[\\/]dockerfile[\\/]dist[\\/]/,
        },
        {
          name: 'build-cache',
          test: /[\\/]core[\\/]dist[\\/]engine[\\/](build-cache-prune|build-cache[\\/](file-lists|build-scratch))\.js$/,
        },
        {
          name: 'builds',
          test: /[\\/](commands[\\/]images[\\/]build|core[\\/]dist[\\/]engine[\\/]build)\.[jt]s$/,
        },
        { name: 'undici', test: /[\\/]undici[\\/]lib[\\/](dispatcher[\\/]pool|api[\\/]api-request)\.js$/ },
      ],
    },
  },
  plugins: [
    standIns('undici', UNDICI_BUILTINS),
    standIns('commander', COMMANDER_BUILTINS),
    lateParser,
    plainOptionNames,
    lazyBuiltins,
    launcher,
  ],
});

/** Core starts threads and processes by their file names, beside the file that it is in itself. They load no more than they need. */
const worker = (name: string, module: string) =>
  defineConfig({
    ...common,
    input: { [name]: at(`../../packages/core/dist/${module}.js`) },
    output: { ...output, chunkFileNames: `${name}-[name]-[hash].js` },
    plugins: [lazyBuiltins],
  });

export default [
  main,
  worker('pass-worker', 'layer/pass-worker'),
  worker('unpack-worker', 'rootfs/unpack/unpack-worker'),
  // The process that watches over a detached container, started by its file name too; there may be many of it.
  worker('monitor-main', 'runtime/monitor/monitor-main'),
  worker('exit-main', 'engine/containers/life/exit-main'),
];
