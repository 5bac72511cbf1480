import type { Result } from '../wherry.ts';

export const VERBS = [
  'login',
  'wrong password',
  'push',
  'pull',
  'tags',
  'search',
  'delete',
  'denied pull',
  'denied push',
] as const;
export type Verb = (typeof VERBS)[number];
/** `no` is somebody's fault. */
type Cell = 'yes' | 'refused' | 'no';

/** What some client says when it is refused. */
const REFUSED = /unauthorized|denied|authentication|invalid username|forbidden|no basic auth/i;
/** A client has no such command, or nothing is denied to anyone. */
const ABSENT = '–';

/** How one client fares with one way of authentication. */
export class Trial {
  readonly client: string;
  readonly authentication: string;
  /** What went otherwise than it should, and what the client said. */
  readonly complaints: string[] = [];
  readonly #cells = new Map<Verb, Cell>();

  constructor(client: string, authentication: string) {
    this.client = client;
    this.authentication = authentication;
  }

  /** Notes whether it did, and printed what it had to. */
  async works(verb: Verb, attempt: Promise<Result>, ...shown: readonly string[]): Promise<void> {
    const result = await attempt;
    const isGood = result.status === 0 && shown.every((text) => result.stdout.includes(text));
    this.#note(verb, isGood ? 'yes' : 'no', result);
  }

  /** Notes whether it was refused, and said so. */
  async isRefused(verb: Verb, attempt: Promise<Result>): Promise<void> {
    const result = await attempt;
    const isRefused = result.status !== 0 && REFUSED.test(result.stdout + result.stderr);
    this.#note(verb, isRefused ? 'refused' : 'no', result);
  }

  #note(verb: Verb, cell: Cell, { status, stdout, stderr }: Result): void {
    if (cell === 'no')
      this.complaints.push(
        `${this.client}, ${this.authentication}: ${verb}: exit ${status}: ${stdout}${stderr}`,
      );
    if (this.#cells.get(verb) !== 'no') this.#cells.set(verb, cell);
  }

  /** Its row of the table. */
  get row(): string {
    const cells = VERBS.map((verb) => this.#cells.get(verb) ?? ABSENT);
    return `| ${[this.client, this.authentication, ...cells].join(' | ')} |`;
  }
}

/** The trials as a table of Markdown, in their order. */
export function tableOf(trials: readonly Trial[]): string {
  const head = ['client', 'authentication', ...VERBS];
  return [`| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...trials.map(({ row }) => row)].join(
    '\n',
  );
}
