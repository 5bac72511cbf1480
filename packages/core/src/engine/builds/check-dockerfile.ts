import {
  type Dockerfile,
  DockerfileError,
  emptyContinuationNotice,
  type LintWarning,
  lintDockerfile,
  lintFailure,
  parseDockerfile,
} from '@wherry/dockerfile';
import type { BuildEvent } from '../../build/build-event.ts';
import { WherryError } from '../../errors.ts';
import type { BuildRequest } from '../build-request.ts';
import type { OpenedContext } from './contexts/open-context.ts';

/** A Dockerfile that can be built, and what is not well done in it. */
export interface CheckedDockerfile {
  readonly dockerfile: Dockerfile;
  readonly warnings: readonly LintWarning[];
}

/** Replaces what `# check=` says. BK reference, "Special build args". */
const CHECK_ARGUMENT = 'BUILDKIT_DOCKERFILE_CHECK';

/**
 * Reads and checks a Dockerfile. Throws `INVALID_DOCKERFILE` with Docker's text, for findings too where the Dockerfile
 * wants that and there is more to do than to check.
 */
export function checkDockerfile(
  { dockerfile: bytes, dockerfileName: name, ignores }: Omit<OpenedContext, typeof Symbol.asyncDispose>,
  { buildArgs = {}, check: isCheck = false }: Pick<BuildRequest, 'buildArgs' | 'check'>,
): CheckedDockerfile {
  try {
    const dockerfile = parseDockerfile(bytes, { name });
    const given = definedOf(buildArgs);
    const options = given.get(CHECK_ARGUMENT);
    const check = options !== undefined && { check: options };
    const facts = { buildArgs: given, ...(ignores && { ignores }), ...check };
    const warnings = lintDockerfile(dockerfile, facts);
    const failure = isCheck ? undefined : lintFailure(dockerfile, warnings, check || {});
    if (failure !== undefined) throw new WherryError('INVALID_DOCKERFILE', failure);
    return { dockerfile, warnings };
  } catch (error) {
    throw inDockerWords(error);
  }
}

/** Tells of what is not well done in a Dockerfile, before its steps. */
export function tellOfFindings(
  { dockerfile, warnings }: CheckedDockerfile,
  emit: (event: BuildEvent) => void,
): void {
  const text = emptyContinuationNotice(dockerfile);
  if (text !== '') emit({ kind: 'build-notice', text });
  for (const warning of warnings) emit({ kind: 'build-lint', warning });
}

/** What a Dockerfile's mistake is to who builds: `INVALID_DOCKERFILE` with Docker's text; all else as it is. */
export function inDockerWords(error: unknown): unknown {
  if (!(error instanceof DockerfileError)) return error;
  return new WherryError('INVALID_DOCKERFILE', error.dockerMessage, { cause: error });
}

function definedOf(values: Readonly<Record<string, string | undefined>>): Map<string, string> {
  return new Map(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}
