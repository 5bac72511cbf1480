/** One run of the recorded client, as a recording's README describes the fields. */
export interface GoldenCase {
  /** The command's and the case's name: unique together. */
  readonly id: string;
  /** The command that the case was recorded for; it may run another one. */
  readonly file: string;
  readonly name: string;
  /** Version of the recorded client. */
  readonly client: string;
  /** The other client that the same case was recorded with, when that one's holds. */
  readonly supersededBy?: string;
  readonly argv: readonly string[];
  readonly setup?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Of a build context: the content of each path; `-> target` for a symlink. */
  readonly files?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
  /** `<columns>x<rows>`, when it ran on a terminal. */
  readonly tty?: string;
  /** Lines that stood on the terminal at the end. */
  readonly screen?: readonly string[];
  readonly typed?: readonly string[];
  readonly state_before?: CaseState;
  /** Docker's `config.json` before the case, where the recording tells. */
  readonly configBefore?: string;
  readonly exit: number;
  /** Lines; an object tells of output that is no text. */
  readonly stdout?: readonly string[] | { readonly binary_bytes: number };
  readonly stderr?: readonly string[];
  readonly effects?: Effects;
}

/** What was there before a case, a line for each image and container. */
export interface CaseState {
  readonly images: readonly string[];
  readonly containers: readonly string[];
}

/** Where the credentials are, in `effects`. */
export const DOCKER_CONFIG = '~/.docker/config.json';

export interface Effects {
  /** `null`: there is none. */
  readonly [DOCKER_CONFIG]?: string | null;
  readonly mode?: string;
  readonly file?: { readonly mode: string } | null;
  /** As `docker inspect` prints it, or what a template of the recorder's gave. */
  readonly inspect?: object | string;
  /** Fields of an image's config. */
  readonly config?: object;
  /** What `--iidfile` left. */
  readonly '/tmp/iid.txt'?: string;
}

export function isText(output: GoldenCase['stdout']): output is readonly string[] | undefined {
  return output === undefined || Array.isArray(output);
}
