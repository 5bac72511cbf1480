import { tarCaseSuite } from '../testing/tar-case-suite.ts';
import { tarScannerSuite } from '../testing/tar-scanner-suite.ts';
import { loadCoreModuleSync } from './load.ts';
import { WasmTarScanner } from './wasm-tar-scanner.ts';

const module = loadCoreModuleSync();

tarScannerSuite('WasmTarScanner', () => new WasmTarScanner(module));
tarCaseSuite('WasmTarScanner', () => new WasmTarScanner(module));
