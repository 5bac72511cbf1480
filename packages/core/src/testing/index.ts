/**
 * For tests of what is built on core: a registry in memory, made images, and the suites that hold the
 * implementations of each contract. The suites need vitest, which core does not bring.
 */

export { blobStoreSuite } from './blob-store-suite.ts';
export { type DescribedEntry, describeTree } from './describe-tree.ts';
export { hasherSuite, resumableHasherSuite } from './hasher-suite.ts';
export { type ImageFixture, makeImageFixture, makeIndexFixture } from './image-fixtures.ts';
export { type MemoryRegistry, type MemoryRegistryOptions, startMemoryRegistry } from './memory-registry.ts';
export { TEST_PKI } from './memory-registry-pki.ts';
export { metadataStoreSuite } from './metadata-store-suite.ts';
export { forgetRuntimeState, type PastContainer, putPastContainers } from './past-container.ts';
export { registryChangesSuite } from './registry-changes-suite.ts';
export { registryClientSuite } from './registry-client-suite.ts';
export {
  type ScriptedAnswer,
  type ScriptedRequest,
  type ScriptedServer,
  startScriptedServer,
} from './scripted-server.ts';
export {
  envelopeBundle,
  makeSigner,
  messageBundle,
  type Signer,
  serveBundle,
  serveFallbackTag,
  serveSimpleSignatures,
  simpleSignature,
} from './signature-fixtures.ts';
export { type FixtureEntry, tarOf } from './tar-fixtures.ts';
export { tarScannerSuite } from './tar-scanner-suite.ts';
