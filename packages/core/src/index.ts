export type { BuildEvent, StepName, StepOutcome } from './build/build-event.ts';
export { isLine, type LineEvent, lineText, platformPrefix, stepTexts } from './build/classic-text.ts';
export { endsStep, isStepEvent, type StepEnd, type StepEvent } from './build/step-event.ts';
export { StepOrder, type StepOrderOptions } from './build/step-order.ts';
export type { ByteSource } from './bytes/byte-source.ts';
export { collect } from './bytes/collect.ts';
export type { DockerSettingOptions } from './config/docker-setting.ts';
export { readImagesFormat } from './config/images-format.ts';
export { nearestName } from './config/nearest-name.ts';
export { readProxyVariables } from './config/proxy-variables.ts';
export { parseToml, TomlTable } from './config/toml-table.ts';
export type { BlobInfo, ByteRange } from './content/blob-store.ts';
export { type Digest, digestHex, isDigest, parseDigest, shortId } from './digest.ts';
export { commandText, containerStatusText } from './engine/containers/description/status-text.ts';
export { type EnterNamespaceRequest, enterNamespace } from './engine/containers/life/own-namespace.ts';
export type * from './engine/engine.ts';
export { openEngine } from './engine/open.ts';
export { formatCopyPlace, parseCopyPlace } from './engine/remote/copy-place.ts';
export { humanAge, humanDuration } from './engine/selection/human-duration.ts';
export { parseHumanSize } from './engine/selection/human-size.ts';
export type {
  ApplyRetentionRequest,
  ApplyRetentionResult,
} from './engine/service/housekeeping/apply-retention.ts';
export type {
  CollectedItem,
  CollectGarbageRequest,
  CollectGarbageResult,
} from './engine/service/housekeeping/collect-garbage.ts';
export type {
  EventKind,
  EventOrigin,
  EventTarget,
  Notifications,
  RegistryAction,
  RegistryEvent,
  Subscription,
} from './engine/service/housekeeping/notifications.ts';
export { type Housekeeping, openHousekeeping } from './engine/service/housekeeping/open-housekeeping.ts';
export type { QuotaLimit, Quotas, QuotaUsage } from './engine/service/housekeeping/quotas.ts';
export type { RetentionRule, TagFate } from './engine/service/housekeeping/tag-fates.ts';
export type {
  MirroredManifest,
  MirroredRepository,
  MirroredTags,
  MirrorService,
  OpenBlob,
  Staleness,
} from './engine/service/mirror/mirror-service.ts';
export { type MirrorServiceOptions, openMirrorService } from './engine/service/mirror/open-mirror-service.ts';
export { parseUpstream, type UpstreamSettings } from './engine/service/mirror/upstream.ts';
export {
  type OpenedRegistryService,
  openRegistryService,
  type RegistryServiceOptions,
} from './engine/service/open-registry-service.ts';
export type {
  MayRead,
  PutManifestRequest,
  PutManifestResult,
  ReferrersPage,
  ReferrersRequest,
  RegistryService,
  RepositoryAccess,
  RepositoryPage,
  UploadChunk,
} from './engine/service/registry-service.ts';
export { binarySize, humanSize, progressBar } from './engine/shown-amounts.ts';
export { storeRoot } from './engine/store/default-root.ts';
export { MAX_MANIFEST_BYTES } from './engine/store/documents.ts';
export { VERSION } from './engine/version.ts';
export { type ErrorCode, type ErrorKind, isErrno, isWherryError, WherryError } from './errors.ts';
export type { LayerPhase, ProgressEvent, VerbOptions } from './events.ts';
export { parseDuration } from './image/duration.ts';
export type { QueuedEvent, WebhookCounts } from './metadata/webhook-queue.ts';
export type { Descriptor } from './oci/descriptor.ts';
export { formatPlatform, hostPlatform, type Platform, parsePlatform } from './platform.ts';
export {
  familiarName,
  familiarRepository,
  formatReference,
  parseReference,
  type Reference,
  repositoryOf,
  withDefaultTag,
} from './reference.ts';
export type { Endpoint, RateLimit, SearchResult } from './registry/registry-client.ts';
export { DEFAULT_DETACH_KEYS, DetachKeyFilter, parseDetachKeys } from './runtime/monitor/detach-keys.ts';
