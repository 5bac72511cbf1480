import type { Digest } from '../digest.ts';
import { type ContainerConfig, parseImageConfig } from '../oci/image-config.ts';
import { writeJson } from '../oci/json.ts';
import { MEDIA_TYPES } from '../oci/media-types.ts';
import { createdText, describeDocument, type StoredDocument } from './build-image.ts';
import { historyOf } from './config-history.ts';
import { dockerContainerConfig } from './container-config.ts';

/** What a commit adds to the image that its container was made from. */
export interface CommittedImage {
  readonly created: Date;
  /** The container's ID. */
  readonly container: string;
  /** How the container was started. */
  readonly containerConfig: ContainerConfig;
  /** How containers of the new image are. */
  readonly config: ContainerConfig;
  /** The layer with what changed; absent: nothing did. */
  readonly diffID?: Digest;
  readonly author?: string;
  readonly comment?: string;
}

/**
 * Writes the config of an image that a container was committed to, from that of the container's image, with the
 * fields that Docker writes (`docker_version` aside, for no Docker made it). Throws `INVALID_DOCUMENT`. MOBY
 * 20.10 `image/image.go`.
 */
export function makeCommittedConfig(base: Uint8Array, commit: CommittedImage): StoredDocument {
  const parsed = parseImageConfig(base);
  const created = createdText(commit.created);
  const author = commit.author && { author: commit.author };
  const { diffID } = commit;
  const step = {
    created,
    ...author,
    ...(commit.containerConfig.Cmd?.length && { created_by: commit.containerConfig.Cmd.join(' ') }),
    ...(commit.comment && { comment: commit.comment }),
    ...(diffID === undefined && { empty_layer: true }),
  };
  const { variant, 'os.version': osVersion, 'os.features': osFeatures } = parsed;
  return describeDocument(
    MEDIA_TYPES.ociConfig,
    writeJson({
      created,
      container: commit.container,
      container_config: dockerContainerConfig(commit.containerConfig),
      ...author,
      config: dockerContainerConfig(commit.config),
      architecture: parsed.architecture,
      ...(variant && { variant }),
      os: parsed.os || 'linux',
      rootfs: {
        type: 'layers',
        diff_ids: [...parsed.rootfs.diff_ids, ...(diffID === undefined ? [] : [diffID])],
      },
      history: [...historyOf(base, parsed), step],
      ...(osVersion && { 'os.version': osVersion }),
      ...(osFeatures != null && { 'os.features': osFeatures }),
    }),
  );
}
