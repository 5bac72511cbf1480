import type { EscapeCharacter } from './characters.ts';
import { DockerfileError } from './errors.ts';
import type { ArgInstruction, Dockerfile, FromInstruction, StageInstruction } from './instruction.ts';
import { checkTriggerName } from './instructions/onbuild.ts';
import { parseInstruction, parseStageInstruction } from './instructions/parse-instruction.ts';
import { type Lines, type PlacedStatement, readLines } from './lines.ts';
import { SOURCE_RULES } from './lint/source-rules.ts';

export interface ParseOptions {
  /** How the user named the file, for errors; `Dockerfile` unless given. */
  readonly name?: string;
}

/**
 * Reads a Dockerfile; bytes that are no UTF-8 become replacement characters.
 * Throws `DockerfileError`. BK reference, dockerfile 1.26.
 */
export function parseDockerfile(text: string | Uint8Array, options: ParseOptions = {}): Dockerfile {
  const fileName = options.name ?? 'Dockerfile';
  try {
    return parse(decodeDockerfile(text), fileName);
  } catch (error) {
    throw error instanceof DockerfileError ? error.at({ fileName }) : error;
  }
}

/**
 * Reads a trigger that a base image has in its config, where `ONBUILD` put it.
 * Throws `DockerfileError`; its location is one in the trigger.
 */
export function parseTrigger(text: string, escapeCharacter: EscapeCharacter = '\\'): StageInstruction {
  const { statements } = readLines(text, escapeCharacter);
  const [statement, ...more] = statements;
  if (statement === undefined || more.length > 0)
    throw new DockerfileError('syntax', 'onbuild trigger should be a single expression');
  checkTriggerName(statement.name);
  return parseStageInstruction(statement);
}

/**
 * Reads instructions that stand outside of a Dockerfile, as `docker commit --change` takes them. `check` gets the name
 * of each, in lower case, before any is read. Throws `DockerfileError`, and what `check` throws.
 */
export function parseInstructions(text: string, check: (name: string) => void): StageInstruction[] {
  const { statements } = readLines(text);
  for (const { name } of statements) check(name.toLowerCase());
  return statements.map(parseStageInstruction);
}

/** The text of a Dockerfile without a byte order mark, as excerpts and `formatCheck` want it. */
export function decodeDockerfile(text: string | Uint8Array): string {
  const decoded = typeof text === 'string' ? text : new TextDecoder().decode(text);
  return decoded.startsWith('\ufeff') ? decoded.slice(1) : decoded;
}

function parse(text: string, fileName: string): Dockerfile {
  if (text === '') throw new DockerfileError('empty', `the Dockerfile (${fileName}) cannot be empty`);
  const lines = readLines(text);
  const { directives } = lines;
  const syntax = directives.find('syntax');
  const check = directives.find('check');
  return {
    escape: directives.escape,
    ...(syntax === undefined ? {} : { syntax }),
    ...(check === undefined ? {} : { check }),
    ...readStages(lines),
    warnings: SOURCE_RULES.flatMap(({ check }) => check(lines.statements)),
  };
}

/** ARG instructions before the first stage are global ones. */
function readStages({ statements }: Lines): Pick<Dockerfile, 'globalArgs' | 'stages'> {
  const globalArgs: ArgInstruction[] = [];
  const stages: { from: FromInstruction; instructions: StageInstruction[] }[] = [];
  for (const statement of statements) {
    const instruction = parseInstruction(statement);
    const stage = stages.at(-1);
    if (instruction.kind === 'from') stages.push({ from: instruction, instructions: [] });
    else if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.kind === 'arg') globalArgs.push(instruction);
    else throw withoutStage(statement);
  }
  return { globalArgs, stages };
}

function withoutStage({ location }: PlacedStatement): DockerfileError {
  return new DockerfileError('stage', 'no build stage in current context', { location });
}
