import {
  dockerFunctions,
  type ExecuteOptions,
  parseTemplate,
  type Template,
  TemplateError,
} from '@wherry/gotemplate';
import { CommandError } from '../errors.ts';

// Loaded only when a format is given: starting must not wait for the language of templates.

export interface FormatOptions {
  /** How messages call the template; absent: not at all. */
  readonly name?: string;
  /** What the process exits with when the text is no template. */
  readonly exitCode?: number;
}

/** Parses a format, `json` or a template, with Docker's functions. Throws a `CommandError`. */
export function parseFormat(format: string, { name = '', exitCode }: FormatOptions = {}): Template {
  try {
    return parseTemplate(format === 'json' ? '{{json .}}' : format, { name, functions: dockerFunctions });
  } catch (error) {
    throw unsuitable(error, exitCode === undefined ? {} : { exitCode });
  }
}

/** Executes a template as Docker's client does, which was built with Go 1.24. Throws a `TemplateError`. */
export function execute(template: Template, data: unknown, options: ExecuteOptions = {}): string {
  return template.execute(data, { rangeOverInt: true, ...options });
}

/** A template's fault in the words of most commands; rethrows any other error. */
export function unsuitable(error: unknown, options: { readonly exitCode?: number } = {}): CommandError {
  if (!(error instanceof TemplateError)) throw error;
  return new CommandError(`template parsing error: ${error.message}`, { ...options, cause: error });
}

/** What a template made of one object; with a fault, what it had made until then. */
export interface ObjectText {
  readonly text: string;
  readonly fault?: CommandError;
}

/** Executes a template on one object. Docker prints what came before a fault, and the fault without a prefix. */
export function formatObject(template: Template, data: unknown): ObjectText {
  try {
    return { text: execute(template, data) };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return { text: error.outputBeforeError, fault: new CommandError(error.message, { cause: error }) };
  }
}
