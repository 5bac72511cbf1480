import { WherryError } from '../errors.ts';
import {
  type EntryType,
  extensionTooLarge,
  invalidHeader,
  sparseRefused,
  type TarEntry,
  type TarScanner,
  truncatedTar,
  unknownEntryType,
} from '../tar/scanner.ts';
import { type CoreExports, type CoreModule, instantiateCore } from './load.ts';

/**
 * Bytes copied into the module at a time. It needs the 512 of a header; a few more save calls where
 * headers lie close together, many more would copy payload for nothing.
 */
const WINDOW_BYTES = 2048;

const NONE: readonly TarEntry[] = [];
const TYPES: readonly EntryType[] = ['file', 'hardlink', 'symlink', 'char', 'block', 'directory', 'fifo'];
const FIRST_TYPE_FLAG = 0x30;

/** The tar scanner in WebAssembly: payload is passed over without being copied into it. */
export class WasmTarScanner implements TarScanner {
  readonly #core: CoreExports;
  readonly #memory: Uint8Array;
  readonly #view: DataView;
  readonly #input: number;
  #error: WherryError | undefined;

  constructor(module: CoreModule) {
    this.#core = instantiateCore(module);
    if (!this.#core.tarReserve()) throw new WherryError('INTERNAL', 'tar scanner: out of WebAssembly memory');
    this.#core.tarInit();
    this.#memory = new Uint8Array(this.#core.memory.buffer);
    this.#view = new DataView(this.#core.memory.buffer);
    this.#input = this.#core.inputAt();
  }

  push(chunk: Uint8Array): readonly TarEntry[] {
    if (this.#error) throw this.#error;
    const core = this.#core;
    let entries: TarEntry[] | undefined;
    let at = 0;
    while (at < chunk.length) {
      const skipped = Math.min(core.tarSkippable(), chunk.length - at);
      if (skipped > 0) {
        core.tarSkip(skipped);
        at += skipped;
        continue;
      }
      const window = chunk.subarray(at, at + WINDOW_BYTES);
      this.#memory.set(window, this.#input);
      const taken = core.tarScan(window.length);
      at += taken;
      if (taken < window.length || core.tarError() !== 0) {
        entries = this.#drain(entries);
        if (core.tarError() !== 0) break;
      }
    }
    entries = this.#drain(entries);
    if (core.tarError() !== 0) {
      this.#error = this.#failure();
      if (!entries) throw this.#error;
    }
    return entries ?? NONE;
  }

  finish(): void {
    if (this.#error) throw this.#error;
    if (this.#core.tarFinish() === 0) return;
    this.#error = this.#failure();
    throw this.#error;
  }

  #drain(into: TarEntry[] | undefined): TarEntry[] | undefined {
    const count = this.#core.tarRecords();
    if (count === 0) return into;
    const poolAt = this.#core.poolAt();
    const pool = this.#memory.slice(poolAt, poolAt + this.#core.tarPoolSize());
    const entries = into ?? [];
    const recordBytes = this.#core.recordBytes();
    let at = this.#core.recordsAt();
    for (let i = 0; i < count; i++, at += recordBytes) entries.push(readRecord(this.#view, at, pool));
    this.#core.tarDrain();
    return entries;
  }

  #failure(): WherryError {
    const core = this.#core;
    const offset = core.tarErrorOffset();
    const textAt = core.tarErrorTextAt();
    switch (core.tarError()) {
      case 1:
        return invalidHeader(offset);
      case 2:
        return extensionTooLarge(offset);
      case 3:
        return sparseRefused(offset, this.#memory.slice(textAt, textAt + core.tarErrorTextSize()));
      case 4:
        return unknownEntryType(offset, this.#view.getUint8(textAt));
      default:
        return truncatedTar(offset);
    }
  }
}

/** Reads one entry record; `assembly/index.ts` has the layout. Names share the memory of `pool`. */
function readRecord(view: DataView, at: number, pool: Uint8Array): TarEntry {
  const uint = (field: number) => view.getUint32(at + field, true);
  const wide = (field: number) => view.getFloat64(at + field, true);
  const bytes = (field: number) => pool.subarray(uint(field), uint(field) + uint(field + 4));
  const entry = {
    name: bytes(76),
    type: TYPES[uint(72) - FIRST_TYPE_FLAG] as EntryType,
    mode: uint(68),
    uid: wide(32),
    gid: wide(40),
    size: wide(16),
    mtime: wide(24),
    mtimeNs: uint(64),
    link: bytes(84),
    devMajor: wide(48),
    devMinor: wide(56),
    headerOffset: wide(0),
    dataOffset: wide(8),
  };
  return uint(96) === 0 ? entry : { ...entry, xattrs: readXattrs(bytes(92)) };
}

function readXattrs(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder();
  const xattrs = new Map<string, Uint8Array>();
  for (let at = 0; at < bytes.length; ) {
    const nameEnd = at + 8 + view.getUint32(at, true);
    const valueEnd = nameEnd + view.getUint32(at + 4, true);
    xattrs.set(decoder.decode(bytes.subarray(at + 8, nameEnd)), bytes.subarray(nameEnd, valueEnd));
    at = valueEnd;
  }
  return xattrs;
}
