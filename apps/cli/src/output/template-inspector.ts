import { decodeJson, type MissingKey, type Template, TemplateError, typed } from '@wherry/gotemplate';
import type { CommandError } from '../errors.ts';
import { BAD_TEMPLATE_EXIT_CODE } from '../exit-codes.ts';
import { imageInspection } from './go-types/image-inspection.ts';
import { volumeInspection } from './go-types/volume-inspection.ts';
import type { Inspector, InspectorOptions } from './inspector.ts';
import { execute, parseFormat, unsuitable } from './template.ts';

const TYPES = { image: imageInspection, volume: volumeInspection } as const;

/**
 * Executes a template on each document: on Docker's type of it, and where that fails on its JSON, in which a
 * missing key is an error. docker/cli, `inspect.TemplateInspector`.
 */
export class TemplateInspector implements Inspector {
  readonly #template: Template;
  #output = '';
  // Docker sets the option on the template when it first turns to the JSON, and leaves it there.
  #missingKey: MissingKey = 'default';
  readonly #untyped: boolean;
  readonly #type: (typeof TYPES)[keyof typeof TYPES];

  /** Throws a `CommandError`. */
  constructor(format: string, { untyped = false, kind = 'image' }: InspectorOptions = {}) {
    this.#untyped = untyped;
    this.#type = TYPES[kind];
    this.#template = parseFormat(format, { exitCode: BAD_TEMPLATE_EXIT_CODE });
  }

  add(document: object): CommandError | undefined {
    try {
      this.#output += `${this.#execute(document)}\n`;
      return undefined;
    } catch (error) {
      return unsuitable(error);
    }
  }

  text(): string {
    return this.#output || '\n';
  }

  #execute(document: object): string {
    if (this.#untyped) return this.#executeOnJson(document);
    try {
      const data = typed(this.#type, document);
      return execute(this.#template, data, { missingKey: this.#missingKey });
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return this.#executeOnJson(document);
    }
  }

  #executeOnJson(document: object): string {
    this.#missingKey = 'error';
    const data = decodeJson(JSON.stringify(document));
    return execute(this.#template, data, { missingKey: this.#missingKey });
  }
}
