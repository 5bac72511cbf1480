import type { CommandError } from '../errors.ts';
import { formatDocuments } from './json.ts';

/** What a document is about: a template sees it as Docker's type of that. */
export type InspectedType = 'container' | 'image' | 'volume';

/** Puts documents into the format of `inspect`. docker/cli, package `inspect`. */
export interface Inspector {
  /** Returns what is wrong with the document, of an image unless told otherwise, which then is left out. */
  add(document: object, type?: InspectedType): CommandError | undefined;
  /** All that is to be printed. */
  text(): string;
}

export interface InspectorOptions {
  /** The documents have fields of their own, and a template that asks for one they lack is wrong. */
  readonly untyped?: boolean;
}

/**
 * `json` is one line, nothing an indented text, all else a template: a `CommandError` tells that it is none.
 */
export async function openInspector(
  format: string | undefined,
  options: InspectorOptions = {},
): Promise<Inspector> {
  if (format && format !== 'json') {
    const { TemplateInspector } = await import('./template-inspector.ts');
    return new TemplateInspector(format, options);
  }
  const documents: object[] = [];
  return {
    add: (document) => {
      documents.push(document);
      return undefined;
    },
    text: () => formatDocuments(documents, { indented: format !== 'json' }),
  };
}
