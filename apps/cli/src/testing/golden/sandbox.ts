import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Where flushing a file takes no time: hundreds of stores are made. */
const MEMORY = '/dev/shm';

/** Directories of one run, in the place of those of the recording. */
export class Sandbox implements Disposable {
  readonly directory = realpathSync(
    mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'wherry-golden-')),
  );
  readonly home = join(this.directory, 'home');
  readonly root = join(this.directory, 'root');
  readonly cwd = join(this.directory, 'cwd');
  readonly dockerConfig = join(this.home, '.docker', 'config.json');
  readonly wherryConfig = join(this.home, '.config', 'wherry', 'config.toml');
  /** `--config` of the recording. */
  readonly otherConfig = join(this.directory, 'dcfg');

  constructor() {
    for (const directory of [this.home, this.cwd]) mkdirSync(directory);
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  writeFile(path: string, content: Uint8Array | string): void {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, content, { mode: 0o600 });
  }

  /** Text and mode, in octal as the recording has it; `undefined`: there is none. */
  readFile(path: string): { readonly text: string; readonly mode: string } | undefined {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats && { text: readFileSync(path, 'utf8'), mode: stats.mode.toString(8) };
  }

  /** A recorded word with this run's directories in it. */
  placed(word: string, recordedCwd: string | undefined): string {
    if (word === '/tmp/dcfg') return this.otherConfig;
    return word === recordedCwd ? this.cwd : word.replace(/(?<=^|\bsrc=)\/tmp(?=\/)/, this.cwd);
  }

  /** A text of wherry's with the recorded directories in it. */
  named(text: string, recordedCwd: string | undefined): string {
    return text
      .replaceAll(this.home, '/home/user')
      .replaceAll(this.otherConfig, '/tmp/dcfg')
      .replaceAll(this.cwd, recordedCwd ?? '/tmp');
  }
}
