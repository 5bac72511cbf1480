import type { StepKind } from '../../build/cache/build-cache.ts';
import type { Digest } from '../../digest.ts';
import { describeDocument, type StoredDocument } from '../../image/build-image.ts';
import {
  arrayAt,
  digestAt,
  invalid,
  objectAt,
  readJsonObject,
  sizeAt,
  stringAt,
  writeJson,
} from '../../oci/json.ts';
import { MEDIA_TYPES } from '../../oci/media-types.ts';

const VERSION = 1;
const MAX_RECORDS = 200_000;
const MAX_LAYERS = 10_000;
const KEY = /^[0-9a-f]{64}$/;
const KINDS: readonly StepKind[] = ['regular', 'source.local', 'source.git.checkout'];

/** A step as a cache outside of a store has it: what it was made of is not told, only its digest. */
export interface SharedStep {
  /** What `stepKey` says of its inputs. */
  readonly key: string;
  readonly kind: StepKind;
  /** DiffID of what it made; absent: nothing. */
  readonly layer?: Digest;
}

/** What the config of a cache's manifest says. docs/build-cache.md. */
export interface CacheDocument {
  /** The diffIDs of the manifest's layers, in its order. */
  readonly layers: readonly Digest[];
  readonly steps: readonly SharedStep[];
}

/** Writes the config; layers in an order of their own. The same steps give the same bytes. */
export function writeCacheDocument(
  steps: Iterable<SharedStep>,
): CacheDocument & { readonly config: StoredDocument } {
  const sorted = [...steps].sort((a, b) => (a.key < b.key ? -1 : 1));
  const layers = [...new Set(sorted.flatMap(({ layer }) => layer ?? []))].sort();
  const positions = new Map(layers.map((layer, at) => [layer, at]));
  const records = sorted.map(({ key, kind, layer }) => ({
    ...{ key, kind },
    ...(layer && { layer: positions.get(layer) }),
  }));
  const config = describeDocument(
    MEDIA_TYPES.wherryBuildCache,
    writeJson({ version: VERSION, layers, records }),
  );
  return { layers, steps: sorted, config };
}

/** Reads the config. Throws `INVALID_DOCUMENT`, saying where. */
export function parseCacheDocument(bytes: Uint8Array): CacheDocument {
  const object = readJsonObject(bytes, 'cache');
  if (object.version !== VERSION) throw invalid('cache.version', `want ${VERSION}`);
  const layers = arrayAt(object.layers, 'cache.layers', MAX_LAYERS).map((layer, i) =>
    digestAt(layer, `cache.layers[${i}]`),
  );
  const steps = arrayAt(object.records, 'cache.records', MAX_RECORDS).map((value, i) =>
    readStep(value, layers, `cache.records[${i}]`),
  );
  return { layers, steps };
}

function readStep(value: unknown, layers: readonly Digest[], at: string): SharedStep {
  const record = objectAt(value, at);
  const key = stringAt(record.key, `${at}.key`);
  if (!KEY.test(key)) throw invalid(`${at}.key`, 'want 64 hexadecimal digits');
  const text = stringAt(record.kind, `${at}.kind`);
  const kind = KINDS.find((known) => known === text);
  if (kind === undefined) throw invalid(`${at}.kind`, `${JSON.stringify(text)} is no kind of step`);
  if (record.layer == null) return { key, kind };
  const layer = layers[sizeAt(record.layer, `${at}.layer`)];
  if (layer === undefined) throw invalid(`${at}.layer`, 'there is no such layer');
  return { key, kind, layer };
}
