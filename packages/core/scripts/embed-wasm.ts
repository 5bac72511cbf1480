// Embeds build/core.wasm in a module, so that bundlers, browsers and tests need no file access.
import { readFileSync, writeFileSync } from 'node:fs';

const build = new URL('../build/', import.meta.url);
const bytes = readFileSync(new URL('core.wasm', build));
const note = '// Made by scripts/embed-wasm.ts from assembly/.\n';

writeFileSync(
  new URL('core-wasm.js', build),
  `${note}export const coreWasmBase64 =\n  '${bytes.toString('base64')}';\n`,
);
writeFileSync(
  new URL('core-wasm.d.ts', build),
  `${note}/** The AssemblyScript module. */\nexport declare const coreWasmBase64: string;\n`,
);
