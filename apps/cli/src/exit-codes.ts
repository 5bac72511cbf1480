import type { ErrorKind } from '@wherry/core';

/** Docker's code for a command line that cannot be read. */
export const BAD_FLAG_EXIT_CODE = 125;
/** Docker's code for a container that was never made. */
export const NO_CONTAINER_EXIT_CODE = 125;
export const FAILURE_EXIT_CODE = 1;
/**
 * `pull --check` and `outdated` found that a pull would bring something: no failure, and yet a script has to
 * tell it from 0. Neither Docker nor a shell ends with this code.
 */
export const NEWER_EXIT_CODE = 10;
/** Docker's code for a format of one object that is no template. */
export const BAD_TEMPLATE_EXIT_CODE = 64;
export const INTERRUPTED_EXIT_CODE = 130;
export const TERMINATED_EXIT_CODE = 143;

/** What the process exits with when a command fails. */
export const EXIT_CODE_OF_KIND = {
  invalid: FAILURE_EXIT_CODE,
  'not-found': FAILURE_EXIT_CODE,
  conflict: FAILURE_EXIT_CODE,
  unauthorized: FAILURE_EXIT_CODE,
  denied: FAILURE_EXIT_CODE,
  unsupported: FAILURE_EXIT_CODE,
  unavailable: FAILURE_EXIT_CODE,
  corrupt: FAILURE_EXIT_CODE,
  cancelled: INTERRUPTED_EXIT_CODE,
  internal: FAILURE_EXIT_CODE,
} as const satisfies Record<ErrorKind, number>;
