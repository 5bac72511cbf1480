import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'rolldown';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Modules of Node's that take long to load (`node:crypto` 5 ms) and that many commands never call. */
const SLOW_BUILTINS = [
  'child_process',
  'crypto',
  'fs/promises',
  'os',
  'sqlite',
  'stream',
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
      return `const ${variable} = new Proxy({}, { get: (_, key) => require("node:${name}")[key] });`;
    }),
};

/** undici opens no HTTP/2 connection here, and does without the module where there is none, as in slim builds. */
const withoutHttp2: Plugin = {
  name: 'without-http2',
  resolveId: (id, importer) => (id === 'node:http2' && importer?.includes('undici') ? '\0no-http2' : null),
  load: (id) => (id === '\0no-http2' ? 'module.exports = { constants: {} };' : null),
};

const launcher: Plugin = {
  name: 'launcher',
  writeBundle: () => {
    writeFileSync(at('dist/package.json'), '{"type":"commonjs"}\n');
    copyFileSync(at('src/launcher.cjs'), at('dist/wherry.js'));
    chmodSync(at('dist/wherry.js'), 0o755);
  },
};

export default defineConfig({
  input: {
    main: at('src/main.ts'),
    // Core starts this thread by its file name, beside the file that it is in itself.
    'pass-worker': at('../../packages/core/dist/layer/pass-worker.js'),
  },
  platform: 'node',
  transform: { target: 'node22.19' },
  output: {
    dir: at('dist'),
    cleanDir: true,
    // CommonJS starts some 8 ms faster than ES modules.
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    comments: { legal: true, annotation: false, jsdoc: false },
    codeSplitting: {
      // Each file costs a fifth of a millisecond: what listing images needs is one, what all commands need another.
      groups: [
        {
          name: 'base',
          test: /[\\/]core[\\/](src|dist)[\\/](errors|engine[\\/]version)\.[jt]s$/,
          priority: 1,
        },
        {
          name: 'local',
          test: /[\\/](commands[\\/]images|open-engine|engine[\\/](images|open|open-store))\.[jt]s$/,
        },
      ],
    },
  },
  plugins: [withoutHttp2, lazyBuiltins, launcher],
});
