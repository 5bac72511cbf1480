import { trimStart } from '../characters.ts';
import { readFlags } from '../flags.ts';
import type { OnbuildInstruction } from '../instruction.ts';
import type { PlacedStatement } from '../lines.ts';
import { badInstruction, baseOf } from './arguments.ts';

export function parseOnbuild(statement: PlacedStatement): OnbuildInstruction {
  const { trigger, text, heredocs } = statement;
  if (trigger === undefined) throw badInstruction('ONBUILD requires at least one argument');
  readFlags(statement, {});
  checkTriggerName(trigger.name);
  const line = trimStart(text.slice(statement.keyword.length));
  const documents = heredocs.map(({ lines, name }) => `\n${lines}${name}`);
  return { ...baseOf(statement), kind: 'onbuild', trigger: line + documents.join('') };
}

/** Throws for what must not wait for a child's build. */
export function checkTriggerName(name: string): void {
  if (name === 'onbuild') throw badInstruction("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (name === 'from' || name === 'maintainer')
    throw badInstruction(`${name.toUpperCase()} isn't allowed as an ONBUILD trigger`);
}
