import type { Digest } from '../digest.ts';
import { parseImageConfig } from '../oci/image-config.ts';
import { arrayAt, objectAt, readJsonObject, writeJson } from '../oci/json.ts';
import { MEDIA_TYPES } from '../oci/media-types.ts';
import { describeDocument, type StoredDocument } from './build-image.ts';

export interface SquashedLayers {
  /** How many layers stay as they are, base first. */
  readonly kept: number;
  /** The layer that takes the place of all above them. */
  readonly diffID: Digest;
  /** What the history says of it. */
  readonly comment: string;
}

/**
 * Rewrites the config of an image whose layers above some were merged, as Docker's `build --squash` does: the
 * steps that made these are kept in the history without a layer, and one more step has the new one. All else
 * stays, the time of creation too, so that the same image gives the same bytes. moby `daemon/images/image_squash.go`.
 */
export function squashConfig(bytes: Uint8Array, { kept, diffID, comment }: SquashedLayers): StoredDocument {
  const { rootfs, created, history } = parseImageConfig(bytes);
  const document = readJsonObject(bytes, 'config');
  const steps = history === undefined ? [] : arrayAt(document.history, 'config.history', history.length);
  let layers = 0;
  const kepts = steps.map((value, i) => {
    const step = objectAt(value, `config.history[${i}]`);
    return step.empty_layer === true || layers++ < kept ? step : { ...step, empty_layer: true };
  });
  const merged = { ...(created !== undefined && { created }), comment };
  return describeDocument(
    MEDIA_TYPES.ociConfig,
    writeJson({
      ...document,
      // A history that does not tell of the layers that stay cannot tell of the one above them.
      ...((history !== undefined || kept === 0) && { history: [...kepts, merged] }),
      rootfs: { type: rootfs.type, diff_ids: [...rootfs.diff_ids.slice(0, kept), diffID] },
    }),
  );
}
