import type { CommandContext } from '../command.ts';
import { FAILURE_EXIT_CODE } from '../exit-codes.ts';
import { humanSize } from '../output/human.ts';
import { oneLine } from '../output/printable.ts';

/** `wherry system check`: a line for each fault of the store, then a summary; fails while a fault is left. */
export async function run({ engine, flags, io, signal }: CommandContext): Promise<number> {
  const repair = flags.bool('repair');
  const { faults, blobs, bytes, images } = await (await engine()).check({ repair }, { signal });
  for (const { kind, subject, message, repaired } of faults) {
    const outcome = repaired === undefined ? '' : ` (repaired: ${repaired})`;
    io.stdout.write(`${oneLine(`${kind} ${subject}: ${message}${outcome}`)}\n`);
  }
  const left = faults.filter(({ repaired }) => repaired === undefined).length;
  const repairs = faults.length > left ? `, ${faults.length - left} repaired` : '';
  io.stdout.write(
    `Checked ${counted(blobs, 'blob')} (${humanSize(bytes)}) of ${counted(images, 'image')}: ` +
      `${faults.length === 0 ? 'no faults' : counted(faults.length, 'fault')}${repairs}\n`,
  );
  return left === 0 ? 0 : FAILURE_EXIT_CODE;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
