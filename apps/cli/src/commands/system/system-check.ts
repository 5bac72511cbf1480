import type { CheckResult } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { FAILURE_EXIT_CODE } from '../../exit-codes.ts';
import { chosenFormat } from '../../output/format.ts';
import { humanSize } from '../../output/human.ts';
import { oneLine } from '../../output/printable.ts';
import { FAULT_LISTING } from '../../output/rows/fault-row.ts';

/** `wherry system check`: a line for each fault of the store, then a summary; fails while a fault is left. */
export async function run({ engine, flags, io, signal }: CommandContext): Promise<number> {
  const repair = flags.bool('repair');
  const format = await chosenFormat(flags, FAULT_LISTING);
  const result = await (await engine()).check({ repair }, { signal });
  io.stdout.write(format?.(result.faults) ?? report(result));
  return result.faults.every(({ repaired }) => repaired !== undefined) ? 0 : FAILURE_EXIT_CODE;
}

function report({ faults, blobs, bytes, images }: CheckResult): string {
  let text = '';
  for (const { kind, subject, message, repaired } of faults) {
    const outcome = repaired === undefined ? '' : ` (repaired: ${repaired})`;
    text += `${oneLine(`${kind} ${subject}: ${message}${outcome}`)}\n`;
  }
  const left = faults.filter(({ repaired }) => repaired === undefined).length;
  const repairs = faults.length > left ? `, ${faults.length - left} repaired` : '';
  const found = faults.length === 0 ? 'no faults' : counted(faults.length, 'fault');
  return `${text}Checked ${counted(blobs, 'blob')} (${humanSize(bytes)}) of ${counted(images, 'image')}: ${found}${repairs}\n`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
