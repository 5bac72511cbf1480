import { readFile, writeFile } from 'node:fs/promises';

/** The part of a page that a test writes: what stands between two comments. */
export class WrittenPart {
  readonly #page: URL;
  readonly #begin: string;
  readonly #end: string;

  constructor(page: URL, name: string) {
    this.#page = page;
    this.#begin = `<!-- ${name}: written by a test -->\n`;
    this.#end = `\n<!-- end of ${name} -->`;
  }

  async read(): Promise<string> {
    const { text } = await this.#split();
    return text;
  }

  async write(text: string): Promise<void> {
    const { before, after } = await this.#split();
    await writeFile(this.#page, `${before}${text}${after}`);
  }

  async #split(): Promise<{ readonly before: string; readonly text: string; readonly after: string }> {
    const page = await readFile(this.#page, 'utf8');
    const from = page.indexOf(this.#begin) + this.#begin.length;
    const to = page.indexOf(this.#end, from);
    if (from < this.#begin.length || to < 0) throw new Error(`${this.#page.pathname} has no ${this.#begin}`);
    return { before: page.slice(0, from), text: page.slice(from, to), after: page.slice(to) };
  }
}
