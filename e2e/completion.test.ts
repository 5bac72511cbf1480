import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { stopChild } from '../bench/peers.ts';
import { tarOf } from './layout.ts';
import { describeWith } from './needs.ts';
import { ScriptedServer } from './scripted-registry.ts';
import { Sandbox, tryRun, WHERRY } from './wherry.ts';

const TAB = '\t';
/** Shows every candidate at the first TAB, and never asks whether to. */
const READLINE = 'set show-all-if-ambiguous on\nset completion-query-items 0\nset page-completions off\n';
const PROMPT = 'READY> ';
const DEADLINE_MS = 30_000;

/** A bash that a user sits at: a terminal, readline, and a `wherry` that notes what it is run with. */
class InteractiveBash {
  readonly #child: ChildProcess;
  readonly #log: string;
  #screen = '';

  constructor(env: NodeJS.ProcessEnv, log: string, cwd: string) {
    this.#log = log;
    this.#child = spawn('script', ['-qec', 'bash --norc --noprofile -i', '/dev/null'], {
      env: { ...env, TERM: 'dumb' },
      cwd,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#screen += text;
    });
  }

  async start(): Promise<void> {
    this.type("source <(wherry completion bash); PS1='REA''DY> '\n");
    await this.#until(() => this.#screen.includes(PROMPT));
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** Types a line; returns what wherry was run with. */
  async run(keys: string): Promise<string> {
    writeFileSync(this.#log, '');
    this.type(`${keys}\n`);
    await this.#until(() => readFileSync(this.#log, 'utf8').endsWith('\n'));
    return readFileSync(this.#log, 'utf8').trimEnd();
  }

  /** Types what is not finished; returns the words that bash shows, and clears the line. */
  async show(keys: string): Promise<string[]> {
    const before = this.#screen.length;
    this.type(keys);
    await this.#until(() => this.#screen.slice(before).includes(PROMPT));
    const shown = this.#screen.slice(before).split('\n').slice(1, -1).join(' ');
    this.type('\u0015');
    return shown.split(/\s+/).filter((word) => word !== '');
  }

  async stop(): Promise<void> {
    await stopChild(this.#child);
  }

  async #until(isSo: () => boolean): Promise<void> {
    for (const end = Date.now() + DEADLINE_MS; !isSo(); await sleep(20))
      if (Date.now() > end) throw new Error(`bash shows: ${JSON.stringify(this.#screen)}`);
  }
}

describeWith({ programs: ['bash', 'script'], linux: true }, 'completion in bash', () => {
  const sandbox = new Sandbox();
  const bin = sandbox.directory('bin');
  const cwd = sandbox.directory('work');
  const log = sandbox.file('log');
  let registry: ScriptedServer;
  let isSilent = false;
  let bash: InteractiveBash;

  beforeAll(async () => {
    writeFileSync(
      join(bin, 'wherry'),
      `#!/bin/sh
case $1 in
  __complete | completion) exec '${process.execPath}' '${WHERRY}' "$@" ;;
  *) printf '%s\\n' "$*" >> '${log}' ;;
esac
`,
      { mode: 0o755 },
    );
    registry = await ScriptedServer.start((request, response) => {
      if (isSilent) return;
      const tags = ['1.0', '2.0', '$(touch owned)', '`touch owned`', '3;touch owned', "'"];
      if (request.url?.startsWith('/v2/team/app/tags/list')) response.end(JSON.stringify({ tags }));
      else response.writeHead(request.url === '/v2/' ? 200 : 404).end('{}');
    });
    const tar = sandbox.file('root.tar');
    writeFileSync(tar, tarOf([{ path: 'a', content: 'a' }]));
    for (const name of ['team/web:24.04', 'team/web:22.04', 'localhost:5000/team/api:1', 'zoo:1'])
      await sandbox.wherry('import', tar, name);
    writeFileSync(join(cwd, 'archive.tar'), '');
  });

  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    sandbox[Symbol.dispose]();
  });

  beforeEach(async () => {
    const inputrc = sandbox.file('inputrc');
    writeFileSync(inputrc, READLINE);
    const { PATH } = process.env;
    const env = { ...sandbox.environment, PATH: `${bin}:${PATH}`, INPUTRC: inputrc };
    bash = new InteractiveBash(env, log, cwd);
    await bash.start();
  });

  afterEach(async () => {
    await bash.stop();
  });

  test.each([
    { keys: `wherry hist${TAB}zo${TAB}`, ran: 'history zoo:1' },
    { keys: `wherry inspect team/web:24${TAB}`, ran: 'inspect team/web:24.04' },
    { keys: `wherry inspect team/w${TAB}4${TAB}`, ran: 'inspect team/web:24.04' },
    { keys: `wherry rmi zoo:${TAB} localhost:5${TAB}`, ran: 'rmi zoo:1 localhost:5000/team/api:1' },
    { keys: `wherry rmi "zo${TAB}`, ran: 'rmi zoo:1' },
    { keys: `wherry images --fo${TAB}j${TAB}`, ran: 'images --format json' },
    { keys: `wherry images --format=j${TAB}`, ran: 'images --format=json' },
    { keys: `wherry image prune --filter unt${TAB}1h`, ran: 'image prune --filter until=1h' },
    { keys: `wherry load -i arch${TAB}`, ran: 'load -i archive.tar' },
    { keys: `wherry   system   ch${TAB}`, ran: 'system check' },
    { keys: `true; wherry sys${TAB}ch${TAB}`, ran: 'system check' },
  ])('$keys', async ({ keys, ran }) => {
    expect(await bash.run(keys)).toBe(ran);
  });

  test('in the middle of a line ends at the cursor', async () => {
    expect(await bash.run(`wherry inspect zo X\u0002\u0002${TAB}`)).toBe('inspect zoo:1 X');
  });

  test('shows the names that there are', async () => {
    expect(await bash.show(`wherry push team/web:${TAB}`)).toEqual(
      expect.arrayContaining(['22.04', '24.04']),
    );
  });

  test('asks the registry for tags, and never runs one', async () => {
    const name = `${registry.address}/team/app`;
    const shown = await bash.show(`wherry pull ${name}:${TAB}`);
    expect(shown).toEqual(expect.arrayContaining(['1.0', '2.0']));
    expect(shown.join(' ')).not.toContain('touch');
    expect(await bash.run(`wherry pull ${name}:2${TAB}`)).toBe(`pull ${name}:2.0`);
    expect(existsSync(join(cwd, 'owned'))).toBe(false);
  });

  test('runs nothing of what is typed', async () => {
    expect(await bash.run(`wherry inspect '$(touch owned)${TAB}'`)).toBe('inspect $(touch owned)');
    expect(existsSync(join(cwd, 'owned'))).toBe(false);
  });

  test('waits for a silent registry two seconds, and says nothing', async () => {
    isSilent = true;
    try {
      const started = performance.now();
      const env = sandbox.environment;
      const word = `:${registry.address}/team/app:`;
      const result = await tryRun({ env }, process.execPath, WHERRY, '__complete', 'pull', word);
      expect(result).toMatchObject({ status: 0, stdout: 'words\n', stderr: '' });
      expect(performance.now() - started).toBeLessThan(10_000);
    } finally {
      isSilent = false;
    }
  });
});

/** Types what the arguments say into a zsh on a terminal, each followed by a TAB, and prints what it shows. */
const ZSH_DRIVER = `
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1='READY> '; autoload -Uz compinit; compinit -u -D; source $1; print DO''NE"
zpty -r z shown '*DONE*READY> *'
shift
for typed in "$@"; do
  zpty -n -w z "$typed"$'\\t'
  zpty -r z shown "*$typed* "
  print -r -- "$shown"
  zpty -n -w z $'\\C-u'
done
zpty -d z
`;

describe('completion in other shells', () => {
  const sandbox = new Sandbox();
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    const bin = sandbox.directory('bin');
    const launcher = `#!/bin/sh\nexec '${process.execPath}' '${WHERRY}' "$@"\n`;
    writeFileSync(join(bin, 'wherry'), launcher, { mode: 0o755 });
    env = { ...sandbox.environment, PATH: `${bin}:${process.env.PATH}` };
    const tar = sandbox.file('root.tar');
    writeFileSync(tar, tarOf([{ path: 'a', content: 'a' }]));
    await sandbox.wherry('import', tar, 'demo/app:1.0');
  });
  afterAll(() => sandbox[Symbol.dispose]());

  describeWith({ programs: ['fish'] }, 'fish', () => {
    test.each([
      { typed: 'wherry image pr', words: ['prune\tRemove unused images'] },
      { typed: 'wherry inspect de', words: ['demo/app:1.0'] },
      { typed: 'wherry rmi demo/app:', words: ['demo/app:1.0'] },
    ])('completes $typed', async ({ typed, words }) => {
      const script = `wherry completion fish | source; complete -C '${typed}'`;
      const { stdout, stderr } = await tryRun({ env }, 'fish', '--no-config', '-c', script);
      expect({ words: stdout.trim().split('\n'), stderr }).toEqual({ words, stderr: '' });
    });
  });

  describeWith({ programs: ['zsh'] }, 'zsh', () => {
    test('completes commands and images', async () => {
      const [script, driver] = [sandbox.file('_wherry'), sandbox.file('driver.zsh')];
      writeFileSync(script, await sandbox.wherry('completion', 'zsh'));
      writeFileSync(driver, ZSH_DRIVER);
      const typed = ['wherry image pr', 'wherry inspect dem'];
      const { stdout } = await tryRun({ env, timeoutMs: 60_000 }, 'zsh', '-f', driver, script, ...typed);
      expect(stdout).toContain('wherry image prune');
      expect(stdout).toContain('wherry inspect demo/app:1.0');
    });
  });
});
