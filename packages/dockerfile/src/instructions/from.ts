import { readFlags } from '../flags.ts';
import type { FromInstruction } from '../instruction.ts';
import type { PlacedStatement } from '../lines.ts';
import { quote } from '../quote.ts';
import { badInstruction, baseOf } from './arguments.ts';

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;

export function parseFrom(statement: PlacedStatement): FromInstruction {
  const stageName = parseStageName(statement.args);
  const platform = readFlags(statement, { platform: 'text' }).text('platform');
  return {
    ...baseOf(statement),
    kind: 'from',
    image: statement.args[0] ?? '',
    ...(platform ? { platform } : {}),
    ...(stageName === undefined ? {} : { stageName }),
  };
}

function parseStageName(args: readonly string[]): string | undefined {
  const [, keyword, name] = args;
  if (args.length === 1) return undefined;
  if (args.length !== 3 || keyword?.toLowerCase() !== 'as' || name === undefined)
    throw badInstruction('FROM requires either one or three arguments');
  const lower = name.toLowerCase();
  if (STAGE_NAME.test(lower)) return lower;
  const rule = "name can't start with a number or contain symbols";
  throw badInstruction(`invalid name for build stage: ${quote(name)}, ${rule}`);
}
