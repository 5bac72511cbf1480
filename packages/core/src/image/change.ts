import { DockerfileError, parseInstructions, type StageInstruction } from '@wherry/dockerfile';
import { WherryError } from '../errors.ts';
import type { ContainerConfig } from '../oci/image-config.ts';
import { applyInstruction, type ConfigInstruction } from './apply-instruction.ts';
import { environmentOf } from './environment.ts';
import { expandInstruction } from './expand-instruction.ts';

/** MOBY 20.10, `builder/dockerfile/builder.go`. */
const CHANGES: ReadonlySet<string> = new Set([
  'cmd',
  'entrypoint',
  'env',
  'expose',
  'healthcheck',
  'label',
  'onbuild',
  'user',
  'volume',
  'workdir',
]);

/** Bounds the work that ranges of ports can ask for. */
const MAX_TEXT_LENGTH = 1 << 16;

/**
 * Applies Dockerfile instructions to a config, as `docker import --change` and `docker commit --change` do:
 * `CMD`, `ENTRYPOINT`, `ENV`, `EXPOSE`, `HEALTHCHECK`, `LABEL`, `ONBUILD`, `USER`, `VOLUME`, `WORKDIR`. A
 * change may have several lines. Throws `INVALID_ARGUMENT` with Docker's message.
 */
export function applyChanges(config: ContainerConfig, changes: readonly string[]): ContainerConfig {
  if (changes.length === 0) return config;
  const text = changes.join('\n');
  if (text.length > MAX_TEXT_LENGTH) throw invalid(`changes of ${text.length} characters are too long`);
  try {
    const instructions = parseInstructions(text, checkName);
    if (instructions.length === 0) throw invalid('file with no instructions');
    return applyAll(config, instructions);
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
    throw invalid(error.message);
  }
}

function applyAll(config: ContainerConfig, instructions: readonly StageInstruction[]): ContainerConfig {
  let changed = config;
  let hasCommand = false;
  for (const written of instructions) {
    const variables = environmentOf(changed.Env);
    const instruction = expandInstruction(written, { variables, escape: '\\' }) as ConfigInstruction;
    changed = applyInstruction(changed, instruction, hasCommand).config;
    hasCommand ||= instruction.kind === 'cmd';
  }
  return changed;
}

function checkName(name: string): void {
  if (!CHANGES.has(name))
    throw invalid(
      `${name} is not a valid change command`,
      `these are: ${[...CHANGES].join(', ').toUpperCase()}`,
    );
}

function invalid(message: string, hint?: string): WherryError {
  return new WherryError('INVALID_ARGUMENT', message, hint === undefined ? {} : { hint });
}
