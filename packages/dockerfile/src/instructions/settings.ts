import { trim } from '../characters.ts';
import { readFlags } from '../flags.ts';
import type {
  ExposeInstruction,
  MaintainerInstruction,
  StopsignalInstruction,
  UserInstruction,
  VolumeInstruction,
  WorkdirInstruction,
} from '../instruction.ts';
import type { PlacedStatement } from '../lines.ts';
import { badInstruction, baseOf, requireAny, requireOne } from './arguments.ts';

/** Ports are checked where their variables have values. */
export function parseExpose(statement: PlacedStatement): ExposeInstruction {
  requireAny(statement);
  readFlags(statement, {});
  return { ...baseOf(statement), kind: 'expose', ports: statement.args };
}

export function parseVolume(statement: PlacedStatement): VolumeInstruction {
  requireAny(statement);
  readFlags(statement, {});
  const volumes = statement.args.map(trim);
  if (volumes.includes('')) throw badInstruction('VOLUME specified can not be an empty string');
  return { ...baseOf(statement), kind: 'volume', volumes };
}

export function parseUser(statement: PlacedStatement): UserInstruction {
  return { ...baseOf(statement), kind: 'user', user: onlyArgument(statement) };
}

export function parseWorkdir(statement: PlacedStatement): WorkdirInstruction {
  return { ...baseOf(statement), kind: 'workdir', path: onlyArgument(statement) };
}

export function parseStopsignal(statement: PlacedStatement): StopsignalInstruction {
  return { ...baseOf(statement), kind: 'stopsignal', signal: onlyArgument(statement) };
}

export function parseMaintainer(statement: PlacedStatement): MaintainerInstruction {
  return { ...baseOf(statement), kind: 'maintainer', name: onlyArgument(statement) };
}

function onlyArgument(statement: PlacedStatement): string {
  const argument = requireOne(statement);
  readFlags(statement, {});
  return argument;
}
