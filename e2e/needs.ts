import { existsSync } from 'node:fs';
import { describe, test } from 'vitest';
import { missingPrograms } from '../bench/peers.ts';
import { workloadImages } from './images.ts';
import { WHERRY } from './wherry.ts';

/** What a group of tests cannot run without. */
export interface Needs {
  readonly programs?: readonly string[];
  readonly root?: boolean;
  readonly linux?: boolean;
  /** Workload images by name. */
  readonly images?: readonly string[];
  /** Files or directories, such as those beside the checkout. */
  readonly paths?: readonly string[];
}

/**
 * A group of tests that is skipped where it cannot run, with the reason in its name. In CI, where all of it
 * must be there, it fails instead.
 */
export function describeWith(needs: Needs, name: string, tests: () => void): void {
  const missing = whatIsMissing(needs);
  if (missing.length === 0) describe(name, tests);
  else if (process.env.CI === 'true')
    describe(name, () => {
      test('finds what it needs', () => {
        throw new Error(`not here: ${missing.join(', ')}`);
      });
    });
  else describe.skip(`${name} (needs ${missing.join(', ')})`, tests);
}

function whatIsMissing(needs: Needs): string[] {
  const images = new Set(workloadImages().map(({ name }) => name));
  return [
    ...missingPrograms(...(needs.programs ?? [])),
    ...(needs.root && process.getuid?.() !== 0 ? ['root'] : []),
    ...(needs.linux && process.platform !== 'linux' ? ['Linux'] : []),
    ...(needs.images ?? [])
      .filter((image) => !images.has(image))
      .map((image) => `the workload image ${image}`),
    ...(needs.paths ?? []).filter((path) => !existsSync(path)),
    ...(existsSync(WHERRY) ? [] : ['a build of wherry']),
  ];
}
