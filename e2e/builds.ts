import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mountsBelow, processesWith } from './container-traces.ts';
import type { Sandbox } from './wherry.ts';

/** The root file system of a small image with a shell. */
export const BUSYBOX = fileURLToPath(
  new URL('../../shared/images/busybox-musl-amd64/rootfs.tar.gz', import.meta.url),
);

/** A fresh build context with these files. */
export function buildContext(sandbox: Sandbox, files: Readonly<Record<string, string>>): string {
  const context = sandbox.directory('context');
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(context, name)), { recursive: true });
    writeFileSync(join(context, name), content);
  }
  return context;
}

/** What a build has mounted or running on a store; `marker` is in the command lines of its steps. */
export function buildTracesOf(root: string, marker: string): string[] {
  const processes = [...processesWith(root), ...processesWith(marker)];
  return [...mountsBelow(root), ...processes.map(({ command }) => command)];
}
