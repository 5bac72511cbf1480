import { type BuildDifference, shortId, type VerifyBuildResult } from '@wherry/core';
import { FAILURE_EXIT_CODE } from '../../../exit-codes.ts';
import type { Io } from '../../../io.ts';
import { oneLine, printable } from '../../../output/printable.ts';

/** Tells how two builds of the same went; returns the exit code. */
export function reportVerified({ id, difference }: VerifyBuildResult, io: Io): number {
  if (difference === undefined) {
    io.stdout.write(`Both builds made ${id}\n`);
    return 0;
  }
  const { step, images } = difference;
  const lines = [
    `The builds differ from step ${step.number} on: ${step.text}`,
    `${shortId(images[0])} and ${shortId(images[1])}: ${whatDiffers(difference)}`,
  ];
  io.stdout.write(printable(`${lines.map(oneLine).join('\n')}\n`));
  return FAILURE_EXIT_CODE;
}

function whatDiffers(difference: BuildDifference): string {
  switch (difference.kind) {
    case 'config':
      return `${difference.field} of the config: ${difference.from ?? 'nothing'}, then ${difference.to ?? 'nothing'}`;
    case 'layer':
      return `layer ${difference.layer + 1} has the same files, written in another way`;
    case 'file': {
      const { path, kind, changes } = difference.file;
      if (kind !== 'changed') return `${path} is in the ${kind === 'gone' ? 'first' : 'second'} alone`;
      return `${path}: ${changes.map(({ what, from, to }) => `${what} ${from}, then ${to}`).join('; ')}`;
    }
  }
}
