import { ADJECTIVES, SURNAMES } from './name-words.ts';

/** Tries before a number is put behind a name. */
const PLAIN_TRIES = 6;
const NUMBERS = 10;

/** Docker gives no container this name: Steve Wozniak is not boring. */
const NEVER = 'boring_wozniak';

/**
 * Makes a name such as `priceless_wu` that `isTaken` does not know. `random` gives numbers from 0 to below 1.
 */
export function makeContainerName(random: () => number, isTaken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const digits = attempt - PLAIN_TRIES + 1;
    const name = `${pick(ADJECTIVES, random)}_${pick(SURNAMES, random)}`;
    if (name === NEVER) continue;
    const candidate = digits < 1 ? name : `${name}${Math.floor(random() * NUMBERS ** digits)}`;
    if (!isTaken(candidate)) return candidate;
  }
}

function pick(words: readonly string[], random: () => number): string {
  return words[Math.floor(random() * words.length)] ?? '';
}
