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
  /** In the place of `/tmp`. */
  readonly tmp = join(this.directory, 'cwd');
  readonly cwd: string;
  readonly dockerConfig = join(this.home, '.docker', 'config.json');
  readonly wherryConfig = join(this.home, '.config', 'wherry', 'config.toml');
  /** `--config` of the recording. */
  readonly otherConfig = join(this.directory, 'dcfg');

  /** `recordedCwd`: the recording's working directory, if it was another one than `/tmp`. */
  constructor(recordedCwd = '/tmp') {
    this.cwd = this.placed(recordedCwd);
    for (const directory of [this.home, this.cwd]) mkdirSync(directory, { recursive: true });
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
  placed(word: string): string {
    if (word === '/tmp/dcfg') return this.otherConfig;
    return word.replace(/(?<=^|\bsrc=)\/tmp(?=\/|$)/, this.tmp);
  }

  /** A text of wherry's with the recorded directories in it. */
  named(text: string): string {
    return text
      .replaceAll(this.home, '/home/user')
      .replaceAll(this.otherConfig, '/tmp/dcfg')
      .replaceAll(this.tmp, '/tmp');
  }
}
