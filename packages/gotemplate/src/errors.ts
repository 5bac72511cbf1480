/**
 * What goes wrong with a template. The message is Go's, position included:
 * `template: NAME:LINE: TEXT` from parsing, `template: NAME:LINE:COLUMN: executing "T" at <NODE>: TEXT`
 * from executing. Lines count from 1, columns are bytes and count from 0, as in Go.
 */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  /** `parse`: the text is no template. `exec`: it is one, but does not suit the data. */
  readonly phase: 'parse' | 'exec';
  /** What `Template.execute` had written when it failed; empty in all other cases. */
  readonly outputBeforeError: string;

  constructor(
    phase: 'parse' | 'exec',
    message: string,
    options: { outputBeforeError?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.phase = phase;
    this.outputBeforeError = options.outputBeforeError ?? '';
  }
}
