import { readFlags } from '../flags.ts';
import type { CmdInstruction, EntrypointInstruction, ShellInstruction } from '../instruction.ts';
import type { PlacedStatement } from '../lines.ts';
import { badInstruction, baseOf, commandLine, requireAny } from './arguments.ts';

export function parseCmd(statement: PlacedStatement): CmdInstruction {
  readFlags(statement, {});
  return { ...baseOf(statement), kind: 'cmd', command: commandLine(statement) };
}

export function parseEntrypoint(statement: PlacedStatement): EntrypointInstruction {
  readFlags(statement, {});
  return { ...baseOf(statement), kind: 'entrypoint', command: commandLine(statement) };
}

export function parseShell(statement: PlacedStatement): ShellInstruction {
  readFlags(statement, {});
  requireAny(statement);
  if (!statement.isJson) throw badInstruction('SHELL requires the arguments to be in JSON form');
  return { ...baseOf(statement), kind: 'shell', words: statement.args };
}
