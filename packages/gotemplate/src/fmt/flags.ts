import { runeCount } from '../utf8.ts';

/** What stands between `%` and the verb. */
export interface Flags {
  width?: number | undefined;
  precision?: number | undefined;
  minus: boolean;
  plus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  /** `%+v`: structs with field names. */
  plusV: boolean;
  /** `%#v`: Go syntax. */
  sharpV: boolean;
}

export function noFlags(): Flags {
  return { minus: false, plus: false, sharp: false, space: false, zero: false, plusV: false, sharpV: false };
}

/** Pads to the width, in characters: with zeros on the left if asked for, else with spaces. */
export function pad(flags: Flags, text: string): string {
  const { width = 0, minus, zero } = flags;
  if (width === 0) return text;
  const padding = (zero && !minus ? '0' : ' ').repeat(Math.max(0, width - runeCount(text)));
  return minus ? text + padding : padding + text;
}

/** Pads with spaces even where zeros are asked for. */
export function padWithSpaces(flags: Flags, text: string): string {
  return pad({ ...flags, zero: false }, text);
}
