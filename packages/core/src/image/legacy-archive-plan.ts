import type { Digest } from '../digest.ts';
import { type JsonObject, objectAt, optionalStringAt, readJsonObject, stringAt } from '../oci/json.ts';
import { MEDIA_TYPES } from '../oci/media-types.ts';
import { parseReference, type Reference, withTag } from '../reference.ts';
import { type ArchiveMembers, invalidArchive, type StoredMember } from './archive-members.ts';
import { describeDocument, makeManifest, type StoredDocument } from './build-image.ts';
import { layerDescriptor, requireLayer } from './docker-archive-plan.ts';
import { legacyConfig, legacyHistory } from './legacy-config.ts';
import { type ArchivePlan, type PlannedImage, type PlanOptions, requireDocument } from './planned-image.ts';

export const REPOSITORIES_FILE = 'repositories';

const MAX_LAYERS = 1000;
const ID = /^[0-9a-f]{64}$/;

/**
 * Plans the oldest archives: a folder for each layer (`<id>/json`, `<id>/layer.tar`), chained by `parent`,
 * and `repositories` with the tags. The images get the IDs that Docker gives them.
 */
export function planLegacyArchive(members: ArchiveMembers, options: PlanOptions): ArchivePlan {
  const images = new Map<string, { readonly names: Reference[]; readonly image: PlannedImage }>();
  const documents: StoredDocument[] = [];
  for (const { id, ref } of readRepositories(members)) {
    const known = images.get(id);
    if (known) known.names.push(ref);
    else {
      const { config, manifest } = makeImage(members, id, options);
      documents.push(config, manifest);
      const names = [ref];
      const image = { names, target: manifest.descriptor, imageId: config.descriptor.digest };
      images.set(id, { names, image });
    }
  }
  return {
    images: [...images.values()].map(({ image }) => image),
    documents,
    warnings: [],
    omitted: new Set(),
  };
}

function readRepositories(members: ArchiveMembers): { id: string; ref: Reference }[] {
  const object = readJsonObject(requireDocument(members, REPOSITORIES_FILE), REPOSITORIES_FILE);
  return Object.entries(object).flatMap(([name, tags]) => {
    const at = `${REPOSITORIES_FILE}[${JSON.stringify(name)}]`;
    const repository = parseReference(name);
    return Object.entries(objectAt(tags, at)).map(([tag, value]) => {
      const id = stringAt(value, `${at}[${JSON.stringify(tag)}]`);
      return { id: checkedId(id), ref: withTag(repository, tag) };
    });
  });
}

function makeImage(
  members: ArchiveMembers,
  id: string,
  options: PlanOptions,
): { config: StoredDocument; manifest: StoredDocument } {
  const stack = readStack(members, id);
  const layers = stack.map((layer, index) =>
    requireLayer(members, `${layer.id}/layer.tar`, { index }, options),
  );
  const history = stack.map((layer) => legacyHistory(layer.json, `${layer.id}/json`));
  const top = stack.at(-1)?.json ?? {};
  const config = describeDocument(MEDIA_TYPES.ociConfig, legacyConfig(top, layers.map(diffIDOf), history));
  return { config, manifest: makeManifest(config.descriptor, layers.map(layerDescriptor)) };
}

function diffIDOf({ digest, layer }: StoredMember): Digest {
  return layer?.diffID ?? digest;
}

/** The layers of an image, base first. */
function readStack(members: ArchiveMembers, top: string): { id: string; json: JsonObject }[] {
  const stack: { id: string; json: JsonObject }[] = [];
  for (let id = top; id !== ''; ) {
    if (stack.length >= MAX_LAYERS)
      throw invalidArchive(`${top}: more than ${MAX_LAYERS} layers, or a circle of parents`);
    const json = readJsonObject(requireDocument(members, `${id}/json`), `${id}/json`);
    stack.unshift({ id, json });
    const parent = optionalStringAt(json.parent, `${id}/json.parent`) ?? '';
    id = parent === '' ? '' : checkedId(parent);
  }
  return stack;
}

function checkedId(id: string): string {
  if (ID.test(id)) return id;
  throw invalidArchive(`image ID ${JSON.stringify(id.slice(0, 100))} is invalid, want 64 hexadecimal digits`);
}
