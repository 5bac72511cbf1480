import { tarCaseSuite } from '../testing/tar-case-suite.ts';
import { tarScannerSuite } from '../testing/tar-scanner-suite.ts';
import { TsTarScanner } from './ts-tar-scanner.ts';

tarScannerSuite('TsTarScanner', () => new TsTarScanner());
tarCaseSuite('TsTarScanner', () => new TsTarScanner());
