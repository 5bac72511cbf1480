import { readFile } from 'node:fs/promises';

// Each script hands the words of the line to `wherry __complete` and shows the answer: its first line says how, each
// further one is a candidate, with what it is about behind a tab. Nothing of an answer is ever run by the shell.
const FILES = {
  bash: 'wherry.bash',
  zsh: 'wherry.zsh',
  fish: 'wherry.fish',
  powershell: 'wherry.ps1',
} as const;

export type Shell = keyof typeof FILES;

export const SHELLS: readonly string[] = Object.keys(FILES);

export function isShell(name: string): name is Shell {
  return Object.hasOwn(FILES, name);
}

/** The script that teaches a shell to complete. The build keeps the files beside the program. */
export async function completionScript(shell: Shell): Promise<string> {
  return await readFile(new URL(`./scripts/${FILES[shell]}`, import.meta.url), 'utf8');
}
