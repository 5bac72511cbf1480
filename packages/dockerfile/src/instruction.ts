/** Where something stands in a Dockerfile: lines count from 1, the last one included. */
export interface Location {
  readonly startLine: number;
  readonly endLine: number;
}

/** A here-document of an instruction. BK reference, "Here-Documents". */
export interface Heredoc {
  /** The word that ends it: the name of the file that COPY makes of it. */
  readonly name: string;
  /** Its lines, each with its newline; leading tabs are gone where `<<-` asked for that. */
  readonly content: string;
  /** `false`: its word was quoted, variables stay as they are. */
  readonly expand: boolean;
  /** The descriptor that a shell gives it to; 0 unless written. */
  readonly fileDescriptor: number;
}

/** What all instructions have. */
interface InstructionBase {
  readonly location: Location;
  /** As printed: continuations joined, the keyword as typed, without blanks around it or here-documents. */
  readonly text: string;
}

/** A shell's text, or the words of an exec form. */
export interface CommandLine {
  /** `shell`: one word, for the stage's shell; `exec`: as the JSON array has them. */
  readonly form: 'shell' | 'exec';
  readonly words: readonly string[];
}

export interface KeyValue {
  readonly key: string;
  /** Quotes and escapes as written: `expandWord` takes them off. */
  readonly value: string;
}

export interface FromInstruction extends InstructionBase {
  readonly kind: 'from';
  /** An image, a stage or `scratch`; variables not expanded. */
  readonly image: string;
  readonly platform?: string;
  /** Lower case. */
  readonly stageName?: string;
}

/** `--mount` of RUN. BK reference, "RUN --mount". Paths and IDs with variables not expanded. */
export interface RunMount {
  readonly type: 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh';
  readonly target?: string;
  readonly source?: string;
  readonly from?: string;
  readonly id?: string;
  /** Whether the step may write; `undefined`: what its type has as a default. */
  readonly isReadOnly?: boolean;
  readonly sharing?: 'shared' | 'private' | 'locked';
  /** A step without it fails; only secrets and agents. */
  readonly isRequired?: boolean;
  /** Bytes; tmpfs only. */
  readonly size?: number;
  /** Permission bits. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** The variable that gets a secret. */
  readonly env?: string;
}

export interface RunInstruction extends InstructionBase {
  readonly kind: 'run';
  readonly command: CommandLine;
  readonly heredocs: readonly Heredoc[];
  /** Values with variables are as written where they are texts, and missing where they are numbers or choices. */
  readonly mounts: readonly RunMount[];
  /** The values of `--mount` as written: `parseMount` reads them again once variables have values. */
  readonly mountTexts: readonly string[];
  readonly network?: 'default' | 'none' | 'host';
  readonly security?: 'sandbox' | 'insecure';
  readonly devices: readonly string[];
}

interface CopyBase extends InstructionBase {
  /** Paths, patterns, or for ADD URLs and git repositories; variables not expanded. */
  readonly sources: readonly string[];
  /** Files that stand in the Dockerfile itself. */
  readonly heredocs: readonly Heredoc[];
  readonly destination: string;
  readonly chown?: string;
  readonly chmod?: string;
  readonly isLinked: boolean;
  readonly exclude: readonly string[];
}

export interface CopyInstruction extends CopyBase {
  readonly kind: 'copy';
  readonly from?: string;
  readonly keepsParents: boolean;
}

export interface AddInstruction extends CopyBase {
  readonly kind: 'add';
  readonly checksum?: string;
  readonly keepsGitDirectory?: boolean;
  /** `undefined`: local archives are unpacked, what was fetched is not. */
  readonly unpack?: boolean;
}

export interface EnvInstruction extends InstructionBase {
  readonly kind: 'env';
  readonly variables: readonly KeyValue[];
}

export interface LabelInstruction extends InstructionBase {
  readonly kind: 'label';
  readonly labels: readonly KeyValue[];
}

export interface ArgInstruction extends InstructionBase {
  readonly kind: 'arg';
  /** Without a value: only what the build is given. */
  readonly args: readonly { readonly key: string; readonly value?: string }[];
}

export interface ExposeInstruction extends InstructionBase {
  readonly kind: 'expose';
  readonly ports: readonly string[];
}

export interface VolumeInstruction extends InstructionBase {
  readonly kind: 'volume';
  readonly volumes: readonly string[];
}

export interface UserInstruction extends InstructionBase {
  readonly kind: 'user';
  readonly user: string;
}

export interface WorkdirInstruction extends InstructionBase {
  readonly kind: 'workdir';
  readonly path: string;
}

export interface CmdInstruction extends InstructionBase {
  readonly kind: 'cmd';
  readonly command: CommandLine;
}

export interface EntrypointInstruction extends InstructionBase {
  readonly kind: 'entrypoint';
  readonly command: CommandLine;
}

export interface ShellInstruction extends InstructionBase {
  readonly kind: 'shell';
  readonly words: readonly string[];
}

export interface StopsignalInstruction extends InstructionBase {
  readonly kind: 'stopsignal';
  readonly signal: string;
}

export interface HealthcheckInstruction extends InstructionBase {
  readonly kind: 'healthcheck';
  /** `['NONE']`, `['CMD', …]` or `['CMD-SHELL', text]`. */
  readonly test: readonly string[];
  /** Nanoseconds, as all times here; 0 where not written. */
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}

export interface OnbuildInstruction extends InstructionBase {
  readonly kind: 'onbuild';
  /** The instruction as it goes into the config, without `ONBUILD`. */
  readonly trigger: string;
}

export interface MaintainerInstruction extends InstructionBase {
  readonly kind: 'maintainer';
  readonly name: string;
}

/** What a stage is made of. */
export type StageInstruction =
  | RunInstruction
  | CopyInstruction
  | AddInstruction
  | EnvInstruction
  | LabelInstruction
  | ArgInstruction
  | ExposeInstruction
  | VolumeInstruction
  | UserInstruction
  | WorkdirInstruction
  | CmdInstruction
  | EntrypointInstruction
  | ShellInstruction
  | StopsignalInstruction
  | HealthcheckInstruction
  | OnbuildInstruction
  | MaintainerInstruction;

export type Instruction = FromInstruction | StageInstruction;

export interface Stage {
  readonly from: FromInstruction;
  readonly instructions: readonly StageInstruction[];
}

/** A finding of a lint rule. BK `docs/rules`. */
export interface LintWarning {
  /** The rule's name, such as `JSONArgsRecommended`. */
  readonly rule: string;
  readonly message: string;
  /** What the rule is about, in one sentence. */
  readonly description: string;
  readonly location?: Location;
}

/** A Dockerfile, read. */
export interface Dockerfile {
  /** The character that continues a line and takes away a meaning. */
  readonly escape: '\\' | '`';
  /** The value of `# syntax=`. */
  readonly syntax?: string;
  /** The value of `# check=`. */
  readonly check?: string;
  /** Before the first FROM; in force in FROM lines. */
  readonly globalArgs: readonly ArgInstruction[];
  readonly stages: readonly Stage[];
  /** What its lines alone tell, experimental rules included: `lintDockerfile` adds the others and sorts out. */
  readonly warnings: readonly LintWarning[];
}
