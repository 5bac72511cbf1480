import { fileURLToPath } from 'node:url';

/** The command line that settles a container when its monitor has seen it end. */
export function exitCommand(root: string, id: string): readonly string[] {
  return [process.execPath, fileURLToPath(exitEntry()), root, id];
}

/** The process's entry point, beside this module. */
function exitEntry(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './exit-main.ts' : './exit-main.js', import.meta.url);
}
