import { collect } from '../../bytes/collect.ts';
import { NodeHasher } from '../../bytes/node-hasher.ts';
import { verifyBlob } from '../../bytes/verify.ts';
import { type Digest, digestAlgorithm } from '../../digest.ts';
import { isWherryError, WherryError } from '../../errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type Manifest, parseManifest } from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { type Reference, withDigest, withTag } from '../../reference.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import { checkBundle, isBundleType, MAX_BUNDLE_BYTES } from '../../signature/bundle.ts';
import { attestationVerdict, SIGN_PREDICATE } from '../../signature/dsse.ts';
import type { PublicKey } from '../../signature/public-key.ts';
import {
  checkSimpleSigning,
  MAX_PAYLOAD_BYTES,
  SIMPLE_SIGNING,
  signatureTag,
} from '../../signature/simple-signing.ts';
import { invalid, notChecked, type SignedDocument, type Verdict } from '../../signature/verdict.ts';

export type SignatureRegistry = Pick<RegistryClient, 'getManifest' | 'getBlob' | 'listReferrers'>;

/** One signature that a registry has for an image. */
export interface CheckedSignature {
  /** `simple-signing`: under the image's `.sig` tag. `bundle`: a Sigstore bundle that refers to the image. */
  readonly form: 'simple-signing' | 'bundle';
  /** Of the payload or the bundle's manifest; of a tag that is no list of signatures, absent. */
  readonly digest?: Digest;
  readonly verdict: Verdict;
}

/** Of each form; far more than anybody signs an image. Each may cost a request. */
export const MAX_SIGNATURES = 500;
/** Of any kind: what is no signature costs its place in a list. */
const MAX_REFERRERS = 10_000;
const PREDICATE_ANNOTATION = 'dev.sigstore.bundle.predicateType';

interface Search {
  readonly registry: SignatureRegistry;
  readonly repository: Reference;
  readonly document: SignedDocument;
  readonly keys: readonly PublicKey[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Checks the signatures that a repository has for a document, one after the other: those under the `.sig`
 * tag, then the bundles. A broken one is told and passed over. What comes after `MAX_SIGNATURES` is not looked
 * at. Throws the registry's codes when it cannot be asked.
 */
export async function* checkSignatures(search: Search): AsyncGenerator<CheckedSignature> {
  for (const find of [simpleSignatures, bundles]) {
    let count = 0;
    for await (const signature of find(search)) {
      if (count++ === MAX_SIGNATURES) {
        const reason = `more than ${MAX_SIGNATURES} signatures: the rest was not looked at`;
        yield { form: signature.form, verdict: notChecked(reason) };
        break;
      }
      yield signature;
    }
  }
}

async function* simpleSignatures(search: Search): AsyncGenerator<CheckedSignature> {
  const form = 'simple-signing';
  const tag = signatureTag(search.document.digest);
  if (tag === undefined) return;
  const manifest = await findManifest(search, withTag(search.repository, tag));
  if (manifest === undefined) return;
  if ('status' in manifest) return yield { form, verdict: manifest };
  const signed = manifest.layers.filter(({ mediaType }) => mediaType === SIMPLE_SIGNING);
  const strange = manifest.layers.filter(({ mediaType }) => mediaType !== SIMPLE_SIGNING);
  // All signatures of an image may be of one payload: it is fetched once.
  for (const layers of Map.groupBy(signed, ({ digest, size }) => `${digest} ${size}`).values())
    yield* signaturesOfPayload(search, layers);
  for (const { digest, mediaType } of strange)
    yield { form, digest, verdict: notChecked(`layer of the media type ${JSON.stringify(mediaType)}`) };
}

/** Checks one after the other: whoever has seen enough of them ends it. */
async function* signaturesOfPayload(
  search: Search,
  layers: readonly Descriptor[],
): AsyncGenerator<CheckedSignature> {
  const [first] = layers;
  if (first === undefined) return;
  const payload = await readBlob(search, first, MAX_PAYLOAD_BYTES);
  for (const layer of layers) {
    const verdict =
      payload instanceof Uint8Array
        ? checkSimpleSigning(layer, payload, search.document.digest, search.keys)
        : payload;
    yield { form: 'simple-signing', digest: layer.digest, verdict };
  }
}

async function* bundles(search: Search): AsyncGenerator<CheckedSignature> {
  const { registry, repository, document, signal } = search;
  let count = 0;
  for (const referrer of await registry.listReferrers(repository, document.digest, signal)) {
    if (count++ === MAX_REFERRERS) {
      const reason = `more than ${MAX_REFERRERS} referrers: the rest was not looked at`;
      return yield { form: 'bundle', verdict: notChecked(reason) };
    }
    if (!isBundleType(referrer.artifactType ?? '')) continue;
    yield { form: 'bundle', digest: referrer.digest, verdict: await bundleVerdict(search, referrer) };
  }
}

async function bundleVerdict(search: Search, referrer: Descriptor): Promise<Verdict> {
  const predicate = referrer.annotations?.[PREDICATE_ANNOTATION];
  // Attestations may be large, and are none of ours: they are not fetched.
  if (predicate !== undefined && predicate !== SIGN_PREDICATE) return attestationVerdict(predicate);
  const manifest = await findManifest(search, withDigest(search.repository, referrer.digest));
  if (manifest === undefined) return invalid('listed by the registry, and not there');
  if ('status' in manifest) return manifest;
  const layer = manifest.layers.find(({ mediaType }) => isBundleType(mediaType));
  if (layer === undefined) return invalid('no bundle in it');
  const bytes = await readBlob(search, layer, MAX_BUNDLE_BYTES);
  return bytes instanceof Uint8Array ? checkBundle(bytes, search.document, search.keys) : bytes;
}

/** A manifest, or what is wrong with it; `undefined` when there is none. */
async function findManifest(search: Search, ref: Reference): Promise<Manifest | Verdict | undefined> {
  try {
    const { descriptor, bytes } = await search.registry.getManifest(ref, search.signal);
    return isManifestType(descriptor.mediaType)
      ? parseManifest(bytes)
      : notChecked(`${JSON.stringify(descriptor.mediaType)} in the place of a manifest`);
  } catch (error) {
    if (isWherryError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN')) return undefined;
    return faultOf(error);
  }
}

async function readBlob(search: Search, blob: Descriptor, maxBytes: number): Promise<Uint8Array | Verdict> {
  const { mediaType, digest, size } = blob;
  if (size > maxBytes) return notChecked(`${size} bytes, at most ${maxBytes}`);
  // Without the addresses that a stranger may have put into the descriptor.
  const bare = { mediaType, digest, size };
  const source = search.registry.getBlob(search.repository, bare, undefined, search.signal);
  try {
    return await collect(verifyBlob(source, bare, new NodeHasher(digestAlgorithm(digest))), maxBytes);
  } catch (error) {
    return faultOf(error);
  }
}

/** What a fault of one signature's own says; a registry that cannot be asked fails all of them. */
function faultOf(error: unknown): Verdict {
  const isOwn =
    error instanceof WherryError &&
    (['invalid', 'not-found', 'corrupt'].includes(error.kind) ||
      ['UNSUPPORTED', 'TOO_LARGE'].includes(error.code));
  if (!isOwn) throw error;
  return invalid(error.message);
}
