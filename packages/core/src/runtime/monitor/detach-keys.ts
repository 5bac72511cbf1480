import { WherryError } from '../../errors.ts';

/** Control-P, control-Q. */
export const DEFAULT_DETACH_KEYS = 'ctrl-p,ctrl-q';

/**
 * Reads keys as Docker's `--detach-keys` has them: single characters and `ctrl-` with a letter or one of
 * `@[\]^_`, with commas between. Throws `INVALID_ARGUMENT` in Docker's words.
 */
export function parseDetachKeys(text: string): Uint8Array {
  return Uint8Array.from(text.split(','), (key) => {
    if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0);
    const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
    if (control === undefined) throw invalidKeys(text, key);
    return control.toUpperCase().charCodeAt(0) & 0x1f;
  });
}

/** Looks for the keys in what is typed; what may begin them is held back until it is clear. */
export class DetachKeyFilter {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** What goes to the container, and whether the keys were typed; what came behind them is dropped. */
  push(typed: Uint8Array): { readonly input: Uint8Array; readonly isDetached: boolean } {
    if (this.#keys.length === 0) return { input: typed, isDetached: false };
    const input: number[] = [];
    for (const byte of typed) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched++;
        if (this.#matched < this.#keys.length) continue;
        this.#matched = 0;
        return { input: Uint8Array.from(input), isDetached: true };
      }
      input.push(...this.#keys.subarray(0, this.#matched));
      this.#matched = byte === this.#keys[0] && this.#keys.length > 1 ? 1 : 0;
      if (this.#matched === 0) input.push(byte);
    }
    return { input: Uint8Array.from(input), isDetached: false };
  }
}

function invalidKeys(text: string, key: string): WherryError {
  return new WherryError('INVALID_ARGUMENT', `invalid detach keys (${text}): Unknown character: '${key}'`);
}
