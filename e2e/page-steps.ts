import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { freePort } from '../bench/peers.ts';
import { WHERRY } from './wherry.ts';

// The conventions stand at the head of the tutorial.

export interface Step {
  /** As typed, without prompts; more than one line where it goes on. */
  readonly command: string;
  readonly expected: readonly string[];
  /** Of the command in the page, from 1. */
  readonly line: number;
}

/** Where a page's steps run. */
export interface PageSetup {
  readonly home: string;
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  /** The real address that is waited for after a command in the background. */
  readonly service: string;
  /** What stands in the page for a real address. */
  readonly stands: Readonly<Record<string, string>>;
}

const ANYTHING = '…';
/** Stands before what a step prints; no step prints it. */
const MARK = '\x1e';
const SERVICE_TRIES = 200;

/**
 * Makes the surroundings of a page below `place`: a home, an empty directory, and `wherry` on the path. Docker Hub is at
 * `hub`; `served` is what the page calls the service, which gets a free address, and `stands` are further such names.
 */
export async function preparePage(
  place: string,
  hub: string,
  served: string,
  stands: Readonly<Record<string, string>> = {},
): Promise<PageSetup> {
  const [home, bin, directory] = [join(place, 'home'), join(place, 'bin'), join(place, 'work')];
  for (const path of [join(home, '.config/wherry'), bin, directory]) mkdirSync(path, { recursive: true });
  const launcher = `#!/bin/sh\nexec '${process.execPath}' '${WHERRY}' "$@"\n`;
  writeFileSync(join(bin, 'wherry'), launcher, { mode: 0o755 });
  const moved = `[[registry]]\nprefix = "docker.io"\nlocation = "http://${hub}"\n`;
  writeFileSync(join(home, '.config/wherry/config.toml'), moved);
  const service = `127.0.0.1:${await freePort()}`;
  return {
    home,
    directory,
    env: {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: home,
      DOCKER_CONFIG: join(home, '.docker'),
      WHERRY_ROOT: join(place, 'store'),
      LC_ALL: 'C.UTF-8',
    },
    service,
    stands: { [served]: service, ...stands },
  };
}

export function readPage(page: string): string {
  return readFileSync(fileURLToPath(new URL(`../docs/${page}`, import.meta.url)), 'utf8');
}

/** The steps of the blocks that are to be run. */
export function readSteps(page: string, blocks: readonly string[]): Step[] {
  const steps: { command: string; expected: string[]; line: number }[] = [];
  let blockStart: number | undefined;
  for (const [index, line] of readPage(page).split('\n').entries()) {
    const last = steps.at(-1);
    if (blockStart === undefined) {
      if (blocks.includes(line)) blockStart = steps.length;
    } else if (line === '```') blockStart = undefined;
    else if (line.startsWith('$ ')) steps.push({ command: line.slice(2), expected: [], line: index + 1 });
    else if (last === undefined || steps.length === blockStart)
      throw new Error(`${page}:${index + 1}: a block begins with "$ "`);
    else if (/^>( |$)/.test(line) && last.expected.length === 0) last.command += `\n${line.slice(2)}`;
    else last.expected.push(line);
  }
  return steps;
}

/** Every step in one shell, as a reader has it: variables, jobs and the directory last. */
function toScript(steps: readonly Step[], service: string): string {
  const [host, port] = service.split(':');
  const waitForService = `for i in {1..${SERVICE_TRIES}}; do (exec 3<>/dev/tcp/${host}/${port}) 2>/dev/null && break; sleep 0.05; done`;
  const lines = steps.flatMap(({ command }, index) => [
    `printf '\\n${MARK}%d\\n' ${index}`,
    command,
    ...(command.endsWith('&') ? [waitForService] : []),
  ]);
  return `exec 2>&1\ntrap 'kill $(jobs -p) 2>/dev/null' EXIT\n${lines.join('\n')}\nexit 0\n`;
}

/** What each step printed, with what stands for real addresses in the page put back. */
export async function runSteps(steps: readonly Step[], setup: PageSetup): Promise<string[]> {
  const script = join(setup.home, 'page.sh');
  const stands = Object.entries(setup.stands);
  const real = (text: string) => stands.reduce((all, [shown, it]) => all.replaceAll(shown, it), text);
  const shown = (text: string) => stands.reduce((all, [name, it]) => all.replaceAll(it, name), text);
  writeFileSync(script, real(toScript(steps, setup.service)));
  const shell = spawn('bash', [script], {
    cwd: setup.directory,
    env: setup.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return shown(await text(shell.stdout))
    .split(`\n${MARK}`)
    .slice(1)
    .map((part) => part.slice(part.indexOf('\n') + 1));
}

/** Tells whether `printed` is what the page says; how wide a table's columns are does not count. */
export function matches(expected: readonly string[], printed: string): boolean {
  const squeeze = (line: string) => line.replace(/\s+/g, ' ').trim();
  const literal = (part: string) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = expected
    .map((line) =>
      line.trim() === ANYTHING
        ? '(?:[^\\n]*\\n)*'
        : `${squeeze(line).split(ANYTHING).map(literal).join('[^\\n]*')}\\n`,
    )
    .join('');
  const lines = printed.replace(/\n+$/, '').split('\n').map(squeeze);
  return new RegExp(`^${pattern}$`).test(
    lines.length === 1 && lines[0] === '' ? '' : `${lines.join('\n')}\n`,
  );
}
