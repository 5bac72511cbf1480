import { readFlags } from '../flags.ts';
import type { ArgInstruction, EnvInstruction, KeyValue, LabelInstruction } from '../instruction.ts';
import type { PlacedStatement } from '../lines.ts';
import { badInstruction, baseOf, requireAny } from './arguments.ts';

export function parseEnv(statement: PlacedStatement): EnvInstruction {
  return { ...baseOf(statement), kind: 'env', variables: keyValues(statement) };
}

export function parseLabel(statement: PlacedStatement): LabelInstruction {
  return { ...baseOf(statement), kind: 'label', labels: keyValues(statement) };
}

/** Its names and values stand in threes with their separators. */
function keyValues(statement: PlacedStatement): readonly KeyValue[] {
  readFlags(statement, {});
  requireAny(statement);
  const pairs: KeyValue[] = [];
  for (let at = 0; at < statement.args.length; at += 3) {
    const [key = '', value = ''] = statement.args.slice(at, at + 2);
    pairs.push({ key: named(statement, key), value });
  }
  return pairs;
}

export function parseArg(statement: PlacedStatement): ArgInstruction {
  readFlags(statement, {});
  requireAny(statement);
  const args = statement.args.map((word) => {
    const separator = word.indexOf('=');
    if (separator < 0) return { key: word };
    return { key: named(statement, word.slice(0, separator)), value: word.slice(separator + 1) };
  });
  return { ...baseOf(statement), kind: 'arg', args };
}

function named({ name }: PlacedStatement, key: string): string {
  if (key === '') throw badInstruction(`${name.toUpperCase()} names can not be blank`);
  return key;
}
