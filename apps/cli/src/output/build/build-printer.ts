import type { BuildEvent } from '@wherry/core';

/** Shows how a build gets on. */
export interface BuildPrinter {
  add(event: BuildEvent): void;
  /** Prints what was kept back; of a build that failed too. Nothing comes after it. */
  close(): void;
}
