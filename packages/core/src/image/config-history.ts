import type { ImageConfig } from '../oci/image-config.ts';
import { arrayAt, readJsonObject } from '../oci/json.ts';

/**
 * The steps of a config's history as they were written, and an empty one for each layer that it does not tell of, so
 * that more steps can follow. Throws `INVALID_DOCUMENT`.
 */
export function historyOf(bytes: Uint8Array, { history = [], rootfs }: ImageConfig): unknown[] {
  const written = readJsonObject(bytes, 'config').history;
  const steps = written == null ? [] : arrayAt(written, 'config.history', history.length);
  const told = history.filter((step) => !step.empty_layer).length;
  return [...steps, ...Array.from({ length: Math.max(0, rootfs.diff_ids.length - told) }, () => ({}))];
}
