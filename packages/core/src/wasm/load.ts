import { coreWasmBase64 } from '../../build/core-wasm.js';

declare const coreModule: unique symbol;

/**
 * The compiled AssemblyScript module: a `WebAssembly.Module`, named here because that type belongs to the
 * DOM library. Immutable; may be posted to another thread.
 */
export interface CoreModule {
  readonly [coreModule]: never;
}

/** What `assembly/index.ts` exports. */
export interface CoreExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  inputAt(): number;
  inputBytes(): number;
  outputAt(): number;
  recordsAt(): number;
  recordBytes(): number;
  poolAt(): number;
  shaReserve(): number;
  shaInit(): void;
  shaUpdate(size: number): void;
  shaFinal(): void;
  shaSave(): number;
  shaRestore(size: number): number;
  tarReserve(): number;
  tarInit(): void;
  tarSkippable(): number;
  tarSkip(size: number): void;
  tarScan(size: number): number;
  tarRecords(): number;
  tarPoolSize(): number;
  tarDrain(): void;
  tarFinish(): number;
  tarError(): number;
  tarErrorOffset(): number;
  tarErrorTextAt(): number;
  tarErrorTextSize(): number;
}

/** The part of the platform's WebAssembly that is used here. */
interface Platform {
  readonly WebAssembly: {
    compile(bytes: Uint8Array): Promise<CoreModule>;
    readonly Module: new (bytes: Uint8Array) => CoreModule;
    readonly Instance: new (module: CoreModule, imports: object) => { readonly exports: object };
  };
  atob(base64: string): string;
}

const platform = globalThis as unknown as Platform;
let cached: CoreModule | undefined;
let compiling: Promise<CoreModule> | undefined;

/** Compiles the module, once per process or page. */
export async function loadCoreModule(): Promise<CoreModule> {
  if (cached) return cached;
  compiling ??= platform.WebAssembly.compile(moduleBytes());
  cached = await compiling;
  return cached;
}

/** As `loadCoreModule`, for worker threads; browsers allow it off their main thread only. */
export function loadCoreModuleSync(): CoreModule {
  cached ??= new platform.WebAssembly.Module(moduleBytes());
  return cached;
}

/** Makes an instance; it serves one stream, as its state is global inside it. */
export function instantiateCore(module: CoreModule): CoreExports {
  // An import section that asks for more would be a build mistake: asc adds `env.abort` when asserts are on.
  return new platform.WebAssembly.Instance(module, {}).exports as CoreExports;
}

function moduleBytes(): Uint8Array {
  return Uint8Array.from(platform.atob(coreWasmBase64), (character) => character.charCodeAt(0));
}
