import { type Descriptor, type Digest } from '@wherry/core';
import type { RegistryBackend } from '../src/registry/backend.ts';
/** A backend in memory, for tests of the routes: it checks what the routes rely on, and nothing else. */
export declare class MemoryBackend implements RegistryBackend {
  #private;
  readonly blobs: Map<string, Uint8Array<ArrayBufferLike>>;
  readonly uploads: Map<string, Uint8Array<ArrayBufferLike>>;
  readonly manifests: Map<
    string,
    {
      descriptor: Descriptor;
      bytes: Uint8Array;
    }
  >;
  readonly tags: Map<string, Map<string, Digest>>;
  readonly touched: Digest[];
  /** Thrown by the next call that writes. */
  fault: unknown;
  addBlob(bytes: Uint8Array): Digest;
  findBlob: RegistryBackend['findBlob'];
  readBlob(
    ...[digest, range]: Parameters<RegistryBackend['readBlob']>
  ): AsyncGenerator<Uint8Array<ArrayBufferLike>, void, unknown>;
  putBlob: RegistryBackend['putBlob'];
  startUpload: RegistryBackend['startUpload'];
  uploadOffset: RegistryBackend['uploadOffset'];
  appendUpload: RegistryBackend['appendUpload'];
  commitUpload: RegistryBackend['commitUpload'];
  cancelUpload: RegistryBackend['cancelUpload'];
  findManifest: RegistryBackend['findManifest'];
  readManifest: RegistryBackend['readManifest'];
  putManifest: RegistryBackend['putManifest'];
  listTags: RegistryBackend['listTags'];
  listRepositories: RegistryBackend['listRepositories'];
}
/** The sha256 digest of some bytes. */
export declare function digestOf(bytes: Uint8Array): Digest;
//# sourceMappingURL=memory-backend.d.ts.map
