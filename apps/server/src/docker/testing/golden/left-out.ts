import { spawnSync } from 'node:child_process';
import type { RecordedImages } from '@wherry/core/testing/golden';
import type { ApiCase } from './exchanges.ts';

const CONTAINERS = 'asks for what builds, or runs of the recorded client, had left';
const UPGRADES = 'takes the connection over';
const NEEDS_RUNTIME = 'runs programs, which needs root and runc';
const STARTS_WITH_CONTAINERS = 'starts from containers';
const BUILT = 'is about images that the recording had built itself';

/** Single cases, and why they cannot be asked for. */
const REASONS: Readonly<Record<string, string>> = {
  'events/cli': 'tells of what containers and builds did',
  'events/raw-all': 'tells of what containers and builds did',
  'events/raw-bad-filter': 'tells of what containers and builds did',
  'events/raw-images': 'tells of what containers and builds did',
  'exec/raw-inspect': UPGRADES,
  'exec/raw-start': UPGRADES,
  'general/raw-system-df': STARTS_WITH_CONTAINERS,
  'images/raw-list-1.43-too-new': 'asks for a version that the recorded engine was too old for',
  'rmi/has-children-base-id': BUILT,
  'rmi/raw-container-conflict': STARTS_WITH_CONTAINERS,
  'rmi/raw-container-force': STARTS_WITH_CONTAINERS,
  'search/offline': 'asks a name server that is not there',
};

/** Files of plain requests that go on where the one before has left the store. */
export const IN_ORDER: readonly string[] = ['commit', 'containers', 'exec'];
/** Others that start from no container. */
const WITHOUT_CONTAINERS = [
  'build/raw-bad-buildargs',
  'build/raw-bad-tag',
  'build/raw-empty-body',
  'container/start-missing',
  'general/raw-bad-json-body',
  'general/raw-no-body',
  'general/raw-wrong-content-type',
  'inspect/image',
  'inspect/missing',
  'ps/empty-all',
  'ps/filter-bad',
  'rm/missing',
];

/** Answers that are of the images of the recording alone once those that it built are taken out. */
const LISTS = ['images', 'import', 'load'];
const DIGEST = /\b[0-9a-f]{64}\b/g;

let runtime: boolean | undefined;

function canRun(): boolean {
  runtime ??= process.getuid?.() === 0 && spawnSync('runc', ['--version']).status === 0;
  return runtime;
}

/** Why a case is not replayed; `undefined` for those that are. */
export function whyLeftOut(recorded: ApiCase, images: RecordedImages): string | undefined {
  const known = REASONS[recorded.id];
  if (known !== undefined) return known;
  const { exchanges, file, containersBefore = 0 } = recorded;
  const isInOrder = IN_ORDER.includes(file) && !/\/running-/.test(recorded.id);
  if (isInOrder) return canRun() ? undefined : NEEDS_RUNTIME;
  if (WITHOUT_CONTAINERS.includes(recorded.id)) return undefined;
  if (exchanges.some(({ path }) => /\/(?:build|commit|containers|exec|networks|volumes)(?:\/|$)/.test(path)))
    return CONTAINERS;
  if (containersBefore > 0 && (file === 'rmi' || file === 'image-prune')) return STARTS_WITH_CONTAINERS;
  if (LISTS.includes(file)) return undefined;
  const answers = JSON.stringify(exchanges.map((exchange) => exchange.response_body ?? null));
  const isOfMade = (answers.match(DIGEST) ?? []).some((hex) => !images.isLasting(hex));
  return isOfMade && (recorded.imagesBefore !== undefined || file === 'prune') ? BUILT : undefined;
}
