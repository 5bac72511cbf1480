import type { ArgInstruction } from '@wherry/dockerfile';

/** Values that are known in every stage without a declaration, and stay out of history and keys. */
const PROXY_NAMES = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'];
const PROXY_ARGUMENTS = new Set(PROXY_NAMES.flatMap(spellings));
/** Read before there are stages; the rest of BuildKit's own arguments has no effect here. */
const BUILD_ARGUMENTS = new Set(['SOURCE_DATE_EPOCH', 'BUILDKIT_DOCKERFILE_CHECK']);

/** What `ARG` finds a value in. */
export interface ArgumentSources {
  /** Of the command line; `undefined`: named without a value. */
  readonly given: Readonly<Record<string, string | undefined>>;
  /** Those before the first FROM, with the platforms' own. */
  readonly globals: ReadonlyMap<string, string>;
}

/**
 * The build arguments that are in scope in a stage, line by line. BK reference, "Understand how ARG and FROM
 * interact" and "Scope".
 */
export class StageArguments {
  readonly #sources: ArgumentSources;
  readonly #declared: Map<string, string | undefined>;

  constructor(sources: ArgumentSources, inherited?: StageArguments) {
    this.#sources = sources;
    this.#declared = new Map(inherited === undefined ? [] : inherited.#declared);
  }

  /** `instruction` with its variables expanded. */
  declare({ args }: ArgInstruction): void {
    for (const { key, value } of args) {
      const { given, globals } = this.#sources;
      // A default of its own stands over that before the first FROM, unless the user gave a value.
      const known = given[key] ?? value ?? globals.get(key);
      this.#declared.set(key, known);
    }
  }

  /** Those with a value, as RUN sees them: what the environment sets hides them. */
  effective(env: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const [key, value] of this.#declared)
      if (value !== undefined && !env.has(key)) found.set(key, value);
    return found;
  }

  /**
   * Proxies that are given and not declared: RUN has them, nothing else knows. As with BuildKit each is there in both
   * spellings, of which programs read one or the other.
   */
  proxies(): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    const { given } = this.#sources;
    for (const [upper, lower] of PROXY_NAMES.map(spellings))
      for (const [key, other] of [[upper, lower] as const, [lower, upper] as const]) {
        const value = given[key] ?? given[other];
        if (value !== undefined && !this.#declared.has(key)) found.set(key, value);
      }
    return found;
  }

  /** Of all names that some stage declared, those of the command line that none did. */
  static unused(
    given: Readonly<Record<string, string | undefined>>,
    declared: ReadonlySet<string>,
  ): string[] {
    return Object.keys(given)
      .filter((name) => ![declared, PROXY_ARGUMENTS, BUILD_ARGUMENTS].some((known) => known.has(name)))
      .sort();
  }
}

function spellings(name: string): readonly [upper: string, lower: string] {
  return [name, name.toLowerCase()];
}
