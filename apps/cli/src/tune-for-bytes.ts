import { setFlagsFromString } from 'node:v8';

/**
 * Sets V8 up for commands whose work is done outside of JavaScript: hashing, unpacking and moving bytes.
 * WebAssembly is optimised later than by default: for a small image that costs more than all of its bytes, and
 * a long stream still gets there.
 */
export function tuneForBytes(): void {
  setFlagsFromString('--wasm-tiering-budget=100000000');
}
