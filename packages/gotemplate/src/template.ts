import { TemplateError } from './errors.ts';
import { run } from './eval.ts';
import type { MissingKey } from './fields.ts';
import { builtinFunctions, type Functions } from './functions.ts';
import { toGo } from './go-value.ts';
import { type Definitions, parse } from './parser.ts';
import { printTemplates } from './printer.ts';
import { normalizeUtf8 } from './utf8.ts';

export interface TemplateOptions {
  /** How messages call the template; Docker's have no name, the default. */
  readonly name?: string;
  /** Functions besides Go's own ones; they come before those. */
  readonly functions?: Functions;
  /** What opens and closes actions; `{{` and `}}` by default. */
  readonly delimiters?: readonly [left: string, right: string];
}

export interface ExecuteOptions {
  /** What a map without the wanted key gives; `default` by default. */
  readonly missingKey?: MissingKey;
  /** Functions that come before those that the template was parsed with. */
  readonly functions?: Functions;
  /** Whether `range` takes an integer, as from Go 1.24 on; by default it is an error, as in Go 1.23. */
  readonly rangeOverInt?: boolean;
}

interface Parsed {
  readonly text: string;
  readonly definitions: Definitions;
  readonly functions: Functions;
  readonly leftDelimiter: string;
  readonly rightDelimiter: string;
}

/** A parsed template. It is not changed by executions, which may follow each other or interleave. */
export class Template {
  readonly name: string;
  readonly #parsed: Parsed;

  /** @internal */
  constructor(name: string, parsed: Parsed) {
    this.name = name;
    this.#parsed = parsed;
  }

  /**
   * The template as text again, without comments and what trimming took: it parses to the same template.
   * Templates that it defines stand first.
   */
  toString(): string {
    const { definitions, leftDelimiter, rightDelimiter } = this.#parsed;
    return printTemplates(definitions, { name: this.name, leftDelimiter, rightDelimiter });
  }

  /**
   * Executes the template on data: a `GoValue`, or any data, which is then what Go's decoder of JSON would make
   * of it. Throws a `TemplateError` of phase `exec`, which has what was written until then.
   */
  execute(data: unknown, options: ExecuteOptions = {}): string {
    let output = '';
    try {
      this.executeTo(
        (text) => {
          output += text;
        },
        data,
        options,
      );
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw new TemplateError(error.phase, error.message, {
        outputBeforeError: normalizeUtf8(output),
        cause: error.cause,
      });
    }
    return normalizeUtf8(output);
  }

  /**
   * Executes the template and hands its output over as it comes. Throws a `TemplateError` of phase `exec`, or what
   * `write` throws.
   */
  executeTo(write: (text: string) => void, data: unknown, options: ExecuteOptions = {}): void {
    const { text, definitions, functions } = this.#parsed;
    const program = {
      source: { name: this.name, text },
      definitions,
      functions: options.functions ? { ...functions, ...options.functions } : functions,
      missingKey: options.missingKey ?? 'default',
      rangeOverInt: options.rangeOverInt ?? false,
    };
    run(program, toGo(data), write);
  }
}

/**
 * Parses a template. Throws a `TemplateError` of phase `parse`.
 * Go 1.23, package text/template.
 */
export function parseTemplate(text: string, options: TemplateOptions = {}): Template {
  const { name = '', functions = {}, delimiters = ['', ''] } = options;
  const leftDelimiter = delimiters[0] || '{{';
  const rightDelimiter = delimiters[1] || '}}';
  const isOwnFunction = (each: string) => Object.hasOwn(functions, each);
  const isFunction = (each: string) =>
    isOwnFunction(each) || EVALUATOR_FUNCTIONS.has(each) || Object.hasOwn(builtinFunctions, each);
  const definitions = parse(text, {
    name,
    leftDelimiter,
    rightDelimiter,
    isFunction,
    isOwnFunction,
  });
  return new Template(name, { text, definitions, functions, leftDelimiter, rightDelimiter });
}

const EVALUATOR_FUNCTIONS: ReadonlySet<string> = new Set(['and', 'or', 'call']);
