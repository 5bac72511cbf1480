import type { Instruction, StageInstruction } from '../instruction.ts';
import { type PlacedStatement, withPlace } from '../lines.ts';
import { INSTRUCTION_NAMES } from '../statement.ts';
import { suggest, withSuggestion } from '../suggest.ts';
import { badInstruction } from './arguments.ts';
import { parseCmd, parseEntrypoint, parseShell } from './command.ts';
import { parseAdd, parseCopy } from './copy.ts';
import { parseFrom } from './from.ts';
import { parseHealthcheck } from './healthcheck.ts';
import { parseArg, parseEnv, parseLabel } from './key-values.ts';
import { parseOnbuild } from './onbuild.ts';
import { parseRun } from './run.ts';
import {
  parseExpose,
  parseMaintainer,
  parseStopsignal,
  parseUser,
  parseVolume,
  parseWorkdir,
} from './settings.ts';

const PARSERS: ReadonlyMap<string, (statement: PlacedStatement) => StageInstruction> = new Map<
  string,
  (statement: PlacedStatement) => StageInstruction
>([
  ['add', parseAdd],
  ['arg', parseArg],
  ['cmd', parseCmd],
  ['copy', parseCopy],
  ['entrypoint', parseEntrypoint],
  ['env', parseEnv],
  ['expose', parseExpose],
  ['healthcheck', parseHealthcheck],
  ['label', parseLabel],
  ['maintainer', parseMaintainer],
  ['onbuild', parseOnbuild],
  ['run', parseRun],
  ['shell', parseShell],
  ['stopsignal', parseStopsignal],
  ['user', parseUser],
  ['volume', parseVolume],
  ['workdir', parseWorkdir],
]);

/** Understands the arguments of one instruction. Throws `DockerfileError` of the kind `instruction`. */
export function parseInstruction(statement: PlacedStatement): Instruction {
  return withPlace(statement.location, () =>
    statement.name === 'from' ? parseFrom(statement) : parseStageInstruction(statement),
  );
}

/** The same for one that does not begin a stage. */
export function parseStageInstruction(statement: PlacedStatement): StageInstruction {
  const parse = PARSERS.get(statement.name);
  if (parse !== undefined) return parse(statement);
  const keyword = statement.keyword.toUpperCase();
  const suggestion = suggest(statement.name, INSTRUCTION_NAMES)?.toUpperCase();
  throw badInstruction(withSuggestion(`unknown instruction: ${keyword}`, suggestion));
}
