import type { RegistryUnderTest } from './registry-under-test.ts';

/** What one line of the specification asks of a registry; `check` fails where that does otherwise. */
export interface ConformanceCase {
  /** The row and what it says: unique. */
  readonly name: string;
  readonly check: (registry: RegistryUnderTest) => Promise<void>;
}
