import {
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { BuildCase, ContextFile } from './case.ts';

/** The time of all files of contexts, in seconds since 1970: none of them may be in a result of ours. */
export const CONTEXT_TIME = 1_612_345_678;

/** Writes the context of a case, with modes that do not depend on who writes it. */
export function writeContext(directory: string, each: BuildCase): void {
  const { dockerfile, files = {}, dockerignore, secrets = {} } = each;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'Dockerfile'), asText(dockerfile));
  if (dockerignore) writeFileSync(join(directory, '.dockerignore'), asText(dockerignore));
  for (const [path, file] of Object.entries(files)) writeFile(directory, path, file);
  setTimes(directory);
  for (const [id, text] of Object.entries(secrets)) writeFileSync(secretFile(directory, id), text);
}

/** Beside the context, not in it. */
export function secretFile(context: string, id: string): string {
  return `${context}.secret-${id}`;
}

export function asText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

function writeFile(directory: string, path: string, file: ContextFile): void {
  const target = join(directory, path);
  mkdirSync(dirname(target), { recursive: true });
  if (typeof file === 'string' || file instanceof Uint8Array) writeContent(target, file, 0o644);
  else if ('symlink' in file) symlinkSync(file.symlink, target);
  else if ('hardLink' in file) linkSync(join(directory, file.hardLink), target);
  else if (!('directory' in file)) writeContent(target, file.content ?? '', file.mode ?? 0o644);
  else {
    mkdirSync(target, { recursive: true });
    chmodSync(target, file.mode ?? 0o755);
  }
}

function writeContent(target: string, content: string | Uint8Array, mode: number): void {
  writeFileSync(target, content);
  chmodSync(target, mode);
}

function setTimes(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) setTimes(child);
    else lutimesSync(child, CONTEXT_TIME, CONTEXT_TIME);
  }
  utimesSync(path, CONTEXT_TIME, CONTEXT_TIME);
}
