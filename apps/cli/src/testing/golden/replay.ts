import { EventEmitter, on } from 'node:events';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Engine, openEngine } from '@wherry/core';
import {
  type FileServer,
  makeFile,
  type RecordedImages,
  RecordedRegistries,
  renamed,
  startFileServer,
  startSearchServer,
} from '@wherry/core/testing/golden';
import { type CliSetup, runCli } from '../run-cli.ts';
import { buildEffectsOf, wantedBuildEffects } from './build-effects.ts';
import { buildBefore, contextOnStdin, putContext, withoutOtherSize } from './build-scene.ts';
import { type GoldenCase, isText } from './cases.ts';
import { commandLine, isUsageError } from './command-line.ts';
import { setScene } from './container-scene.ts';
import { writeCredentials } from './credentials.ts';
import { effectsOf, wantedEffects } from './effects.ts';
import { comparableHelp } from './help-text.ts';
import { madeImages, madeNames, nowOf } from './made-images.ts';
import {
  asWherry,
  normalise,
  type Outcome,
  screenText,
  withoutHints,
  withSortedOutput,
} from './normalise.ts';
import { recordedContainers } from './recorded-containers.ts';
import type { Recording } from './recording.ts';
import { Sandbox } from './sandbox.ts';
import { makeSeed, makeState, seedOf, stateKey } from './state.ts';

const FILE_SERVER = '127.0.0.1:5059';
const SEARCH_SERVER = '127.0.0.1:5058';
/** A shell's, which asks the terminal where its cursor is. */
const PROMPT = '# \x1b[6n';
/** All prompts come within this, or never. */
const PROMPT_MS = 20_000;
const ARCHIVE = '<archive>';

/** POSIX.1-1988, ustar: what every header has, and where. */
const TAR_MAGIC = 'ustar';
const TAR_MAGIC_AT = 257;

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
  readonly #recording: Recording;

  private constructor(recording: Recording, files: FileServer) {
    this.#recording = recording;
    this.#files = files;
  }

  static async start(recording: Recording): Promise<Replay> {
    return new Replay(recording, await startFileServer(recording.images));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const sandbox of this.#templates.values()) sandbox[Symbol.dispose]();
    await this.#files[Symbol.asyncDispose]();
  }

  get #images(): RecordedImages {
    return this.#recording.images;
  }

  async run(recorded: GoldenCase): Promise<Replayed> {
    using sandbox = new Sandbox(recorded.cwd);
    await using registries = await RecordedRegistries.start(this.#images);
    await using index = await startSearchServer(this.#recording.searchable);
    registries.fill();
    serveStateOf(recorded, registries, this.#images);
    registries.writeConfig(sandbox.wherryConfig, recorded.file === 'search' ? index : undefined);
    // What is refused at once looks at no store.
    if (!isUsageError(recorded))
      cpSync((await this.#template(recorded)).root, sandbox.root, { recursive: true });
    await using _scene = await setScene(recorded, sandbox, this.#images);
    writeCredentials(recorded, sandbox, registries);
    await this.#setBuildScene(recorded, sandbox);
    const argv = this.#argvOf(recorded, sandbox);
    const setup = this.#setupOf(recorded, sandbox);
    const result = await inDirectory(sandbox.cwd, () => runCli(argv, setup));

    const { comparable, named } = this.#textsOf(recorded, (text) =>
      sandbox.named(registries.named(text)).replaceAll(index.host, SEARCH_SERVER),
    );
    const expected = expectedOf(recorded, comparable);
    const { exitCode: exit } = result;
    if (setup.tty !== undefined)
      return { expected, actual: { exit, stdout: named(screenText(result.both)), stderr: '' } };
    const stdout = isTar(result.stdout) ? ARCHIVE : named(result.stdout);
    const stderr = withoutHints(named(result.stderr), expected.stderr);
    const findEffects = recorded.file === 'build' ? buildEffectsOf : effectsOf;
    const effects = await findEffects(recorded, sandbox, setup, named);
    await requireSoundStore(recorded, sandbox);
    return comparableHelp({ expected, actual: { exit, stdout, stderr, ...(effects && { effects }) } });
  }

  /** Makes texts comparable: the recorded ones, and those of this run, which `placed` gives the recorded places. */
  #textsOf(recorded: GoldenCase, placed: (text: string) => string) {
    const made = madeNames(recorded, this.#images);
    const ids = [...made.values(), ...recordedContainers(recorded, this.#images).map(({ id }) => id)];
    const isMade = (hex: string) => ids.some((known) => known.startsWith(hex));
    const comparable = (text: string) => {
      const lines = normalise(text, (hex) => this.#images.isLasting(hex) || isMade(hex)).split('\n');
      // The older client put results in the order of their stars, and took wide characters for narrow ones. That
      // wherry does as the newer one is held by searches that tell of no automated builds, and by the tables' tests.
      if (recorded.file === 'search' && recorded.client.startsWith('20.'))
        return lines
          .map((line) => line.replace(/ +/g, ' ').trimEnd())
          .sort()
          .join('\n');
      if (recorded.file === 'build') return withSortedOutput(withoutOtherSize(recorded, lines.join('\n')));
      // All were made at once: no order is theirs.
      return (recorded.setup?.startsWith('images size:') ? lines.sort() : lines).join('\n');
    };
    const named = (text: string) => {
      const here = placed(text).replaceAll(this.#files.host, FILE_SERVER);
      return comparable(renamed(this.#images.recorded(here), made));
    };
    return { comparable, named };
  }

  async #template(recorded: GoldenCase): Promise<Sandbox> {
    const images = this.#images;
    const key = stateKey(recorded, images);
    const known = this.#templates.get(key);
    if (known !== undefined) return known;
    const seeds = seedOf(recorded, images);
    const seedKey = JSON.stringify(seeds.map(({ id }) => id));
    const seed =
      this.#templates.get(seedKey) ??
      (await this.#prepare(seedKey, (engine, registries) => makeSeed(engine, registries, seeds)));
    return await this.#prepare(
      key,
      (engine, registries) => makeState(engine, registries, recorded, images),
      seed,
    );
  }

  async #prepare(
    key: string,
    fill: (engine: Engine, registries: RecordedRegistries) => Promise<void>,
    from?: Sandbox,
  ): Promise<Sandbox> {
    const sandbox = new Sandbox();
    this.#templates.set(key, sandbox);
    await using registries = await RecordedRegistries.start(this.#images);
    registries.writeConfig(sandbox.wherryConfig);
    sandbox.writeFile(sandbox.dockerConfig, registries.credentials('127.0.0.1:5056'));
    if (from !== undefined) cpSync(from.root, sandbox.root, { recursive: true });
    await using engine = openEngine({ root: sandbox.root, env: { HOME: sandbox.home } });
    await fill(engine, registries);
    return sandbox;
  }

  /** Puts a build's context, and what earlier builds made, where the case finds it. */
  async #setBuildScene(recorded: GoldenCase, sandbox: Sandbox): Promise<void> {
    if (recorded.file !== 'build') return;
    const placed = (text: string) => text.replaceAll(FILE_SERVER, this.#files.host);
    const before = buildBefore(recorded, this.#recording.cases);
    if (before !== undefined) {
      putContext(before, sandbox, placed);
      const setup = this.#setupOf(before, sandbox);
      const directory = sandbox.placed(before.cwd ?? '/tmp');
      await inDirectory(directory, () => runCli(this.#argvOf(before, sandbox), setup));
    }
    if (before === undefined || before.cwd !== recorded.cwd) putContext(recorded, sandbox, placed);
  }

  /** The command line on this run's files, addresses and images. */
  #argvOf(recorded: GoldenCase, sandbox: Sandbox): string[] {
    const { spec } = commandLine(recorded.argv);
    const made = madeImages(recorded, this.#images);
    return recorded.argv.map((word) => {
      if (spec?.name === 'load' || spec?.name === 'import') provideFile(word, sandbox, this.#images);
      if (spec?.isWrapper) provideForContainer(word, sandbox);
      const standIn = made.find(({ shortId }) => shortId !== undefined && word.includes(shortId));
      if (standIn !== undefined) return word.startsWith('sha256:') ? standIn.id : standIn.id.slice(7, 19);
      const placed = sandbox.placed(word).replace(FILE_SERVER, this.#files.host);
      return this.#images.placed(placed);
    });
  }

  #setupOf(recorded: GoldenCase, sandbox: Sandbox): CliSetup {
    const { env = {}, stdin, typed, tty } = recorded;
    const [columns = 0, rows = 0] = tty?.split('x').map(Number) ?? [];
    const content =
      contextOnStdin(recorded) ??
      (stdin === undefined ? undefined : makeFile(/^\S*/.exec(stdin)?.[0] ?? '', this.#images));
    const placed = Object.entries(env).map(([name, value]) => [name, sandbox.placed(value)]);
    return {
      openEngine,
      env: {
        HOME: sandbox.home,
        WHERRY_ROOT: sandbox.root,
        PATH: '/nonexistent',
        ...Object.fromEntries(placed),
      },
      stdin: content ?? stdin ?? '',
      ...(typed && typedIn(recorded, typed)),
      now: nowOf(recorded),
      ...(tty !== undefined && { tty: { columns, rows } }),
    };
  }
}

/** What removes images must leave a store without faults. */
async function requireSoundStore({ argv, id }: GoldenCase, { root, home }: Sandbox): Promise<void> {
  if (!/^(?:rmi|rm|remove|prune)$/.test(commandLine(argv).spec?.name ?? '')) return;
  await using engine = openEngine({ root, env: { HOME: home } });
  const { faults } = await engine.check();
  if (faults.length > 0) throw new Error(`${id} left faults in the store: ${JSON.stringify(faults)}`);
}

function provideFile(word: string, sandbox: Sandbox, images: RecordedImages): void {
  const content = makeFile(word, images);
  if (content !== undefined) sandbox.writeFile(join(sandbox.cwd, word), content);
  if (word === 'dir') mkdirSync(join(sandbox.cwd, word));
}

/** What the recording had in its working directory for containers. */
function provideForContainer(word: string, sandbox: Sandbox): void {
  if (/\/vol\b/.test(word)) sandbox.writeFile(join(sandbox.cwd, 'vol', 'f'), 'from host\n');
  if (word.endsWith('/cid.txt')) sandbox.writeFile(join(sandbox.cwd, 'cid.txt'), 'the ID of another one');
}

/** What the case's images were pulled from, or pushed to, is still there. */
function serveStateOf(recorded: GoldenCase, registries: RecordedRegistries, images: RecordedImages): void {
  const { argv, state_before: before, stdout } = recorded;
  for (const line of before?.images ?? [])
    for (const [, domain = '', path = '', short = ''] of line.matchAll(
      /(127\.0\.0\.1:505[56])\/([^\s@,]+)@(\S+?)(?=,|$)/g,
    )) {
      const manifest = images.findManifest(short);
      const registry = registries.of(domain);
      if (manifest !== undefined && registry !== undefined) registries.serve(registry, path, '', manifest);
    }
  const lines = isText(stdout) ? (stdout ?? []) : [];
  for (const word of argv.filter((one) => /^(?:-a|--all-tags)$/.test(argv[1] ?? '') && one.includes('/'))) {
    const [domain = '', ...path] = word.split('/');
    const tags = lines.flatMap((line) => /^(\S+): Pulling from /.exec(line)?.[1] ?? []);
    const registry = registries.of(domain);
    if (tags.length > 0 && registry !== undefined) registries.listTags(registry, path.join('/'), tags);
  }
}

/** What was typed: to a shell in a container a line at a time, each when it asks for it. */
function typedIn({ argv }: GoldenCase, typed: readonly string[]): Pick<CliSetup, 'onOutput' | 'stdin'> {
  if (!commandLine(argv).spec?.isWrapper) return { stdin: typed.join('') };
  const shell = new EventEmitter();
  // From now on: the first prompt may come before anybody reads.
  const prompts = on(shell, 'prompt', { signal: AbortSignal.timeout(PROMPT_MS) });
  return {
    stdin: (async function* () {
      for (const line of typed) {
        await prompts.next();
        yield Buffer.from(line);
      }
    })(),
    onOutput: (text) => text.endsWith(PROMPT) && shell.emit('prompt'),
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

function expectedOf(recorded: GoldenCase, comparable: (text: string) => string): Outcome {
  const { exit, stdout, stderr, screen, effects } = recorded;
  const text = (lines: readonly string[] = []) => comparable(asWherry(lines.join('\n'), recorded));
  if (screen !== undefined) return { exit, stdout: text(screen).trimEnd(), stderr: '' };
  const wantedOf = recorded.file === 'build' ? wantedBuildEffects : wantedEffects;
  const wanted = wantedOf(effects, (inspection) => comparable(asWherry(inspection, recorded)));
  return {
    exit,
    stdout: isText(stdout) ? text(stdout) : ARCHIVE,
    stderr: text(stderr),
    ...(wanted && { effects: wanted }),
  };
}

function isTar(output: string): boolean {
  return output.startsWith(TAR_MAGIC, TAR_MAGIC_AT);
}
