import { type EscapeCharacter, trimEnd } from './characters.ts';
import { DockerfileError } from './errors.ts';

const DIRECTIVE = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*/;
const KNOWN: readonly string[] = ['syntax', 'escape', 'check'];

/**
 * The parser directives at the top of a Dockerfile; the first line that is none ends them.
 * BK reference, "Parser directives".
 */
export class Directives {
  readonly #values = new Map<string, string>();
  #isDone = false;

  /** With an escape character that is known already, there are no directives. */
  constructor(escapeCharacter?: EscapeCharacter) {
    if (escapeCharacter === undefined) return;
    this.#values.set('escape', escapeCharacter);
    this.#isDone = true;
  }

  get escape(): EscapeCharacter {
    return this.#values.get('escape') === '`' ? '`' : '\\';
  }

  /** The value of one, as written. */
  find(name: 'syntax' | 'check'): string | undefined {
    return this.#values.get(name);
  }

  /** Takes the next line, without white space before it. Throws `DockerfileError` of the kind `syntax`. */
  read(line: string): void {
    if (this.#isDone) return;
    const match = DIRECTIVE.exec(line);
    const name = match?.[1]?.toLowerCase() ?? '';
    const value = trimEnd(line.slice(match?.[0].length ?? 0));
    if (!KNOWN.includes(name) || value === '') {
      this.#isDone = true;
      return;
    }
    if (this.#values.has(name))
      throw new DockerfileError('syntax', `only one ${name} parser directive can be used`);
    if (name === 'escape' && value !== '`' && value !== '\\')
      throw new DockerfileError('syntax', `invalid escape token '${value}' does not match \` or \\`);
    this.#values.set(name, value);
  }
}
