import { decodeJson, type MissingKey, type Template, TemplateError, typed } from '@wherry/gotemplate';
import type { CommandError } from '../errors.ts';
import { BAD_TEMPLATE_EXIT_CODE } from '../exit-codes.ts';
import { containerInspection } from './go-types/container-inspection.ts';
import { imageInspection } from './go-types/image-inspection.ts';
import { volumeInspection } from './go-types/volume-inspection.ts';
import type { InspectedType, Inspector, InspectorOptions } from './inspector.ts';
import { execute, parseFormat, unsuitable } from './template.ts';

const GO_TYPES = {
  container: containerInspection,
  image: imageInspection,
  volume: volumeInspection,
} satisfies Record<InspectedType, unknown>;

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

  /** Throws a `CommandError`. */
  constructor(format: string, { untyped = false }: InspectorOptions = {}) {
    this.#untyped = untyped;
    this.#template = parseFormat(format, { exitCode: BAD_TEMPLATE_EXIT_CODE });
  }

  add(document: object, type: InspectedType = 'image'): CommandError | undefined {
    try {
      this.#output += `${this.#execute(document, type)}\n`;
      return undefined;
    } catch (error) {
      return unsuitable(error);
    }
  }

  text(): string {
    return this.#output || '\n';
  }

  #execute(document: object, type: InspectedType): string {
    if (this.#untyped) return this.#executeOnJson(document);
    try {
      const data = typed(GO_TYPES[type], document);
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
