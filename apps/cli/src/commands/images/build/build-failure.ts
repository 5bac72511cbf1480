import { type BuildEvent, isWherryError, type WherryError } from '@wherry/core';
import { CommandError, plain } from '../../../errors.ts';
import { FAILURE_EXIT_CODE } from '../../../exit-codes.ts';

/**
 * How far a build is, which decides how a failure is told: Docker's client makes the context ready, and its daemon's
 * answer has begun with the first step; what fails there comes without a prefix.
 */
export class BuildPhase {
  #name: 'context' | 'dockerfile' | 'steps' = 'context';

  follow(event: BuildEvent): void {
    if (event.kind === 'build-step') this.#name = 'steps';
    else if (event.kind === 'build-context' && event.isDone && this.#name === 'context')
      this.#name = 'dockerfile';
  }

  toFailure(error: unknown): unknown {
    if (this.#name === 'dockerfile') return error;
    if (!isWherryError(error) || error.kind === 'cancelled') return plain(error);
    return new CommandError(error.message, { exitCode: exitCodeOf(error), cause: error });
  }
}

/** A step's program that failed ends the build with its own exit code; one that did not start does not. */
function exitCodeOf(error: WherryError): number {
  const code = error.code === 'BUILD_FAILED' ? error.details.exitCode : undefined;
  const isOfProgram = typeof code === 'number' && Number.isInteger(code) && code > 0 && code < 256;
  return isOfProgram ? code : FAILURE_EXIT_CODE;
}
