import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Recordings of a real Docker client and engine, from a directory beside the checkout. */
export const GOLDEN = new URL('../../../../../../shared/golden/', import.meta.url);
export const HAS_GOLDEN = existsSync(GOLDEN);

/** One run of the recorded client; the directory's README describes the fields. */
export interface GoldenCase {
  /** The file's name without `.json`, and the case's: unique together. */
  readonly id: string;
  readonly file: string;
  readonly name: string;
  readonly argv: readonly string[];
  readonly setup?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
  /** `<columns>x<rows>`, when it ran on a terminal. */
  readonly tty?: string;
  readonly tty_output?: string;
  readonly typed?: readonly string[];
  readonly state_before?: { readonly images: readonly string[]; readonly containers: readonly string[] };
  readonly exit: number;
  /** Lines; an object tells of output that is no text. */
  readonly stdout?: readonly string[] | { readonly binary_bytes: number };
  readonly stderr?: readonly string[];
  readonly effects?: Effects;
}

/** Where the credentials are, in `effects`. */
export const DOCKER_CONFIG = '~/.docker/config.json';

export interface Effects {
  /** `null`: there is none. */
  readonly [DOCKER_CONFIG]?: string | null;
  readonly mode?: string;
  readonly file?: { readonly mode: string } | null;
  readonly inspect?: object;
}

const NO_CASES = /differences|save-layout|search-server|client-20/;

/** All cases of the newer client, in the order of the recording; none where there are no recordings. */
export function readCases(): GoldenCase[] {
  if (!HAS_GOLDEN) return [];
  return readdirSync(GOLDEN)
    .filter((name) => name.endsWith('.json') && !NO_CASES.test(name))
    .flatMap((name) => {
      const file = name.slice(0, -'.json'.length);
      const { cases } = JSON.parse(readFileSync(new URL(name, GOLDEN), 'utf8')) as { cases: GoldenCase[] };
      return cases.map((recorded) => ({ ...recorded, file, id: `${file}/${recorded.name}` }));
    });
}

export function isText(output: GoldenCase['stdout']): output is readonly string[] | undefined {
  return output === undefined || Array.isArray(output);
}
