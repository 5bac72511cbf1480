import type { ProgressEvent } from '@wherry/core';
import type { Io } from '../io.ts';
import { printable } from './printable.ts';

/** Takes warnings alone from a verb's progress, to standard error. */
export function warningsTo({ stderr }: Io): (event: ProgressEvent) => void {
  return (event) => {
    if (event.kind === 'warning') stderr.write(printable(`WARNING: ${event.message}\n`));
  };
}
