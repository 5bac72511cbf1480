import { DockerfileError } from '../errors.ts';
import type { CommandLine, Location } from '../instruction.ts';
import type { PlacedStatement } from '../lines.ts';
import type { Statement } from '../statement.ts';

/** What all instructions have of their statement. */
export function baseOf({ location, text }: PlacedStatement): { location: Location; text: string } {
  return { location, text };
}

/** An error about the arguments of an instruction. */
export function badInstruction(message: string): DockerfileError {
  return new DockerfileError('instruction', message);
}

export function requireAny({ name, args }: Statement): void {
  if (args.length === 0) throw badInstruction(`${name.toUpperCase()} requires at least one argument`);
}

export function requireOne({ name, args }: Statement): string {
  const [argument] = args;
  if (argument === undefined || args.length > 1)
    throw badInstruction(`${name.toUpperCase()} requires exactly one argument`);
  return argument;
}

export function commandLine({ args, isJson }: Pick<Statement, 'args' | 'isJson'>): CommandLine {
  return { form: isJson ? 'exec' : 'shell', words: args };
}
