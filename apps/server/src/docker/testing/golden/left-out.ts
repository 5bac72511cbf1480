import type { RecordedImages } from '@wherry/core/testing/golden';
import type { ApiCase } from './exchanges.ts';

const CONTAINERS = 'asks for containers, networks, volumes or builds that earlier cases made';
const STARTS_WITH_CONTAINERS = 'starts from containers';
const BUILT = 'is about images that the recording had built itself';

/** Single cases, and why they cannot be asked for. */
const REASONS: Readonly<Record<string, string>> = {
  'events/cli': 'tells of what containers and builds did',
  'events/raw-all': 'tells of what containers and builds did',
  'events/raw-bad-filter': 'tells of what containers and builds did',
  'events/raw-images': 'tells of what containers and builds did',
  'general/raw-system-df': STARTS_WITH_CONTAINERS,
  'images/raw-list-1.43-too-new': 'asks for a version that the recorded engine was too old for',
  'rmi/has-children-base-id': BUILT,
  'rmi/raw-container-conflict': STARTS_WITH_CONTAINERS,
  'rmi/raw-container-force': STARTS_WITH_CONTAINERS,
  'search/offline': 'asks a name server that is not there',
};

/** Of those that ask for containers or builds: what a store without any answers as well. */
const ASKED_OF_NOTHING = new Set([
  ...['create-missing-image', 'create-platform-mismatch', 'create-bad-bind', 'list', 'list-bad-filter'].map(
    (name) => `containers/raw-${name}`,
  ),
  ...['list-bad-status', 'json-missing', 'start-missing', 'delete-missing', 'logs-no-stream'].map(
    (name) => `containers/raw-${name}`,
  ),
  ...['commit/raw-missing', 'commit/raw-no-container', 'commit/missing'],
  ...['build/raw-empty-body', 'build/raw-bad-buildargs', 'build/raw-bad-tag', 'exec/raw-json-missing'],
  ...['container/start-missing', 'ps/empty-all', 'inspect/missing'],
]);

/** Answers that are of the images of the recording alone once those that it built are taken out. */
const LISTS = ['images', 'import', 'load'];
const DIGEST = /\b[0-9a-f]{64}\b/g;

/** Why a case is not replayed; `undefined` for those that are. */
export function whyLeftOut(recorded: ApiCase, images: RecordedImages): string | undefined {
  const known = REASONS[recorded.id];
  if (known !== undefined) return known;
  const { exchanges, file, containersBefore = 0 } = recorded;
  if (ASKED_OF_NOTHING.has(recorded.id)) return undefined;
  if (exchanges.some(({ path }) => /\/(?:build|commit|containers|exec|networks|volumes)(?:\/|$)/.test(path)))
    return CONTAINERS;
  if (containersBefore > 0 && (file === 'rmi' || file === 'image-prune')) return STARTS_WITH_CONTAINERS;
  if (LISTS.includes(file)) return undefined;
  const answers = JSON.stringify(exchanges.map((exchange) => exchange.response_body ?? null));
  const isOfMade = (answers.match(DIGEST) ?? []).some((hex) => !images.isLasting(hex));
  return isOfMade && (recorded.imagesBefore !== undefined || file === 'prune') ? BUILT : undefined;
}
