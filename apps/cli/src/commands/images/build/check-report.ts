import type { BuildRequest, BuildResult } from '@wherry/core';
import { FAILURE_EXIT_CODE } from '../../../exit-codes.ts';
import type { Io } from '../../../io.ts';
import { oneLine, printable } from '../../../output/printable.ts';

/** Tells what a check found, a line for each, unless that was told already; returns the exit code. */
export function reportCheck(
  warnings: BuildResult['warnings'],
  { dockerfile }: BuildRequest,
  io: Io | undefined,
): number {
  const file = dockerfile?.kind === 'file' ? dockerfile.path : 'Dockerfile';
  const lines = warnings.map(({ rule, message, location }) => {
    const place = location === undefined ? file : `${file}:${location.startLine}`;
    return oneLine(`${place}: ${rule}: ${message}`);
  });
  if (lines.length === 0) lines.push('Check complete, no warnings found.');
  io?.stdout.write(printable(`${lines.join('\n')}\n`));
  return warnings.length === 0 ? 0 : FAILURE_EXIT_CODE;
}
