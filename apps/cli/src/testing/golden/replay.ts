import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Engine, openEngine } from '@wherry/core';
import { type CliSetup, runCli } from '../run-cli.ts';
import { type GoldenCase, isText } from './cases.ts';
import { writeCredentials } from './credentials.ts';
import { effectsOf, wantedEffects } from './effects.ts';
import { type FileServer, startFileServer } from './file-server.ts';
import { makeFile } from './files.ts';
import { commandLine, isUsageError } from './left-out.ts';
import { madeImages, nowOf } from './made-images.ts';
import { asWherry, normalise, type Outcome, screenText, withoutHints } from './normalise.ts';
import { findManifest } from './recorded-images.ts';
import { RecordedRegistries, serve } from './registries.ts';
import { Sandbox } from './sandbox.ts';
import { makeSeed, makeState, seedOf, stateKey } from './state.ts';

const FILE_SERVER = '127.0.0.1:5059';
const ARCHIVE = '<archive>';

/** What wherry did, and what Docker had done, as texts that can be compared. */
export interface Replayed {
  readonly actual: Outcome;
  readonly expected: Outcome;
}

/** Runs recorded command lines, each on a store of its own in the state it starts from. */
export class Replay implements AsyncDisposable {
  readonly #files: FileServer;
  /** Stores that several cases start from. */
  readonly #templates = new Map<string, Sandbox>();
  readonly #cases: readonly GoldenCase[];

  private constructor(cases: readonly GoldenCase[], files: FileServer) {
    this.#cases = cases;
    this.#files = files;
  }

  static async start(cases: readonly GoldenCase[]): Promise<Replay> {
    return new Replay(cases, await startFileServer());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const sandbox of this.#templates.values()) sandbox[Symbol.dispose]();
    await this.#files[Symbol.asyncDispose]();
  }

  async run(recorded: GoldenCase): Promise<Replayed> {
    using sandbox = new Sandbox();
    await using registries = await RecordedRegistries.start();
    registries.fill();
    serveStateOf(recorded, registries);
    registries.writeConfig(sandbox.wherryConfig);
    // What is refused at once looks at no store.
    if (!isUsageError(recorded))
      cpSync((await this.#template(recorded)).root, sandbox.root, { recursive: true });
    const before = this.#cases[this.#cases.indexOf(recorded) - 1];
    writeCredentials(recorded, before, sandbox, registries);
    const argv = this.#argvOf(recorded, sandbox);
    const setup = setupOf(recorded, sandbox);
    const result = await inDirectory(sandbox.cwd, () => runCli(argv, setup));
    const named = (text: string) => {
      const at = sandbox.named(registries.named(text), recorded.cwd);
      return normalise(at.replaceAll(this.#files.host, FILE_SERVER));
    };
    const expected = expectedOf(recorded);
    const { exitCode: exit } = result;
    if (setup.tty !== undefined)
      return { expected, actual: { exit, stdout: named(screenText(result.both)), stderr: '' } };
    const stdout = result.stdout.includes('oci-layout') ? ARCHIVE : named(result.stdout);
    const stderr = withoutHints(named(result.stderr), expected.stderr);
    const effects = await effectsOf(recorded, sandbox, setup, named);
    return { expected, actual: { exit, stdout, stderr, ...(effects && { effects }) } };
  }

  async #template(recorded: GoldenCase): Promise<Sandbox> {
    const key = stateKey(recorded);
    const known = this.#templates.get(key);
    if (known !== undefined) return known;
    const images = seedOf(recorded);
    const seedKey = JSON.stringify(images.map(({ id }) => id));
    const seed =
      this.#templates.get(seedKey) ??
      (await this.#prepare(seedKey, (engine, registries) => makeSeed(engine, registries, images)));
    return await this.#prepare(key, (engine, registries) => makeState(engine, registries, recorded), seed);
  }

  async #prepare(
    key: string,
    fill: (engine: Engine, registries: RecordedRegistries) => Promise<void>,
    from?: Sandbox,
  ): Promise<Sandbox> {
    const sandbox = new Sandbox();
    this.#templates.set(key, sandbox);
    await using registries = await RecordedRegistries.start();
    registries.writeConfig(sandbox.wherryConfig);
    sandbox.writeFile(sandbox.dockerConfig, registries.credentials('127.0.0.1:5056'));
    if (from !== undefined) cpSync(from.root, sandbox.root, { recursive: true });
    await using engine = openEngine({ root: sandbox.root, env: { HOME: sandbox.home } });
    await fill(engine, registries);
    return sandbox;
  }

  /** The command line on this run's files, addresses and images. */
  #argvOf(recorded: GoldenCase, sandbox: Sandbox): string[] {
    const { spec } = commandLine(recorded.argv);
    const made = madeImages(recorded);
    return recorded.argv.map((word) => {
      if (spec?.name === 'load' || spec?.name === 'import') provideFile(word, sandbox);
      const standIn = made.find(({ shortId }) => shortId !== undefined && word.includes(shortId));
      if (standIn !== undefined) return word.startsWith('sha256:') ? standIn.id : standIn.id.slice(7, 19);
      return sandbox.placed(word, recorded.cwd).replace(FILE_SERVER, this.#files.host);
    });
  }
}

function provideFile(word: string, sandbox: Sandbox): void {
  const content = makeFile(word);
  if (content !== undefined) sandbox.writeFile(join(sandbox.cwd, word), content);
  if (word === 'dir') mkdirSync(join(sandbox.cwd, word));
}

/** What the case's images were pulled from, or pushed to, is still there. */
function serveStateOf({ state_before: before }: GoldenCase, registries: RecordedRegistries): void {
  for (const line of before?.images ?? [])
    for (const [, domain = '', path = '', short = ''] of line.matchAll(
      /(127\.0\.0\.1:505[56])\/([^\s@,]+)@(\S+?)(?=,|$)/g,
    )) {
      const manifest = findManifest(short);
      const registry = registries.of(domain);
      if (manifest !== undefined && registry !== undefined) serve(registry, path, '', manifest);
    }
}

function setupOf(recorded: GoldenCase, sandbox: Sandbox): CliSetup {
  const { env = {}, stdin, typed, tty, cwd } = recorded;
  const [columns = 0, rows = 0] = tty?.split('x').map(Number) ?? [];
  const content = stdin === undefined ? undefined : makeFile(/^\S*/.exec(stdin)?.[0] ?? '');
  const placed = Object.entries(env).map(([name, value]) => [name, sandbox.placed(value, cwd)]);
  return {
    openEngine,
    env: {
      HOME: sandbox.home,
      WHERRY_ROOT: sandbox.root,
      PATH: '/nonexistent',
      ...Object.fromEntries(placed),
    },
    stdin: typed?.join('') ?? content ?? stdin ?? '',
    now: nowOf(recorded),
    ...(tty !== undefined && { tty: { columns, rows } }),
  };
}

async function inDirectory<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const before = process.cwd();
  process.chdir(directory);
  try {
    return await work();
  } finally {
    process.chdir(before);
  }
}

function expectedOf({ exit, stdout, stderr, tty_output: onScreen, typed, effects }: GoldenCase): Outcome {
  const text = (lines: readonly string[] = []) => normalise(asWherry(lines.join('\n')));
  if (onScreen !== undefined) {
    // No terminal stands behind the replay that would echo what is typed.
    const [, answer = ''] = /^Username: (.*\r?)\n/.exec(typed === undefined ? '' : onScreen) ?? [];
    const printed = onScreen.replace(`Username: ${answer}\n`, 'Username: ');
    return { exit, stdout: normalise(asWherry(screenText(printed))), stderr: '' };
  }
  const wanted = wantedEffects(effects);
  return {
    exit,
    stdout: isText(stdout) ? text(stdout) : ARCHIVE,
    stderr: text(stderr),
    ...(wanted && { effects: wanted }),
  };
}
