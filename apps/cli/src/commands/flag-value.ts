import { CommandError } from '../errors.ts';

/** A value that does not fit its flag, as pflag says it; `names` are the flag's: `-a, --attach`. */
export function badValue(text: string, names: string, fault: string): CommandError {
  return new CommandError(`invalid argument ${JSON.stringify(text)} for "${names}" flag: ${fault}`);
}

/** The values of a list flag under a name, if there are some. */
export function someOf<Name extends string, T>(
  name: Name,
  values: readonly T[],
): Partial<Record<Name, readonly T[]>> {
  return values.length > 0 ? ({ [name]: values } as Record<Name, readonly T[]>) : {};
}

/** `name=value` texts as an object; a name alone has the empty value. */
export function pairsOf(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=');
      return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}
