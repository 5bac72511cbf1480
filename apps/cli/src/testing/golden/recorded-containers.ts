import type { PastContainer } from '@wherry/core/testing';
import type { RecordedImages } from '@wherry/core/testing/golden';
import { type GoldenCase, isText } from './cases.ts';
import { runsProgram } from './container-needs.ts';
import { RECORDED_AT } from './made-image.ts';

/** What a line of a state tells of a container. */
interface StateContainer {
  /** The first digits of its ID. */
  readonly shortId: string;
  readonly name: string;
  /** As it was called, or its ID when that means another image now. */
  readonly image: string;
  readonly status: PastContainer['status'];
}

/** What the recording's setup did with a container, which the state does not tell. */
type Making = Partial<Pick<PastContainer, 'exitCode' | 'files' | 'labels' | 'options' | 'printed'>>;

const LISTED: Readonly<Record<string, Making>> = {
  ok0: { options: { command: ['echo', 'hello! I am here!, a long command line'] } },
  bad3: { options: { command: ['sh', '-c', 'exit 3'] }, exitCode: 3 },
  live: { options: { command: ['sleep', '600'] }, labels: { k: 'v' } },
  app: {},
  killed: { options: { command: ['sh', '-c', 'kill -9 $$'] } },
  notfound: { options: { command: ['nosuchcmd'] } },
};

const RUN: Readonly<Record<string, Making>> = {
  cr: { options: { command: ['echo', 'created'] }, printed: 'created\ncreated\n' },
  lab: { options: { command: ['sleep', '300'] }, labels: { k: 'v' } },
};

/** By the file and the container's name. */
const MAKINGS: Readonly<Record<string, Readonly<Record<string, Making>>>> = {
  commit: {
    appc: { options: { command: ['x', 'y'] } },
    c1: { options: { command: ['touch', '/test'] }, files: ['test'] },
    env1: {
      options: { command: ['true'], env: ['A=1'], user: 'app', workingDir: '/tmp' },
      labels: { cl: '1' },
    },
  },
  container: RUN,
  inspect: {
    box: { options: { command: ['echo', 'hi'] } },
    done3: { options: { command: ['sh', '-c', 'exit 3'] }, exitCode: 3 },
  },
  ps: LISTED,
  rm: LISTED,
  rmi: { stopped: { options: { command: ['echo', 'hi'] } }, stopped2: {} },
  run: RUN,
};

/** The name that moved to another image, wherever the recording's containers show an image by its ID. */
const MOVED_NAME = 'ubuntu:18.04';
const ID_DIGITS = 64;
const SECOND_MS = 1000;

const PAST = new WeakMap<GoldenCase, PastContainer[]>();

/**
 * The containers of a case's state, the oldest first. Only what the command line is about really runs, and only
 * where a program is needed.
 */
export function recordedContainers(recorded: GoldenCase, images: RecordedImages): PastContainer[] {
  const past = PAST.get(recorded) ?? makePast(recorded, images);
  PAST.set(recorded, past);
  return past;
}

function makePast(recorded: GoldenCase, images: RecordedImages): PastContainer[] {
  const told = [
    ...(isText(recorded.stdout) ? (recorded.stdout ?? []) : []),
    ...(recorded.stderr ?? []),
    JSON.stringify(recorded.effects ?? {}),
  ].join('\n');
  const lines = recorded.state_before?.containers ?? [];
  return lines
    .map((text, age) => {
      const line = parseContainer(text);
      const isReal = runsProgram(recorded) && recorded.argv.some((word) => isNameOf(word, line));
      const making = MAKINGS[recorded.file]?.[line.name] ?? defaultMaking(line.status);
      return {
        ...pastContainer(line, making, { age, isReal }),
        id: wholeId(line.shortId, told),
        image: images.placed(line.image),
      };
    })
    .reverse();
}

function parseContainer(line: string): StateContainer {
  const { shortId, name, image, status } =
    /^(?<shortId>\w+) \/(?<name>\S+) image=(?<image>\S+) state=(?<status>\w+)$/.exec(line)?.groups ?? {};
  if (!shortId || !name || !image || !status) throw new Error(`not a container: ${line}`);
  return { shortId, name, image, status: status as StateContainer['status'] };
}

function isNameOf(word: string, { shortId, name }: StateContainer): boolean {
  return word === name || word === shortId;
}

/** The ID as the case tells it; one that it does not tell is of no matter. */
function wholeId(shortId: string, told: string): string {
  const rest = `[0-9a-f]{${ID_DIGITS - shortId.length}}`;
  return new RegExp(`${shortId}${rest}`).exec(told)?.[0] ?? shortId.padEnd(ID_DIGITS, '0');
}

/** `age`: how many are newer; `isReal`: if it runs, it really does. */
function pastContainer(
  { name, image, status: listed }: StateContainer,
  making: Making,
  { age, isReal }: { readonly age: number; readonly isReal: boolean },
): Omit<PastContainer, 'id' | 'image'> {
  // It was listed while it ended.
  const status = listed === 'running' && making.options?.command?.[0] === 'echo' ? 'exited' : listed;
  const isAlive = status === 'running' || status === 'paused';
  const finishedAt = new Date(RECORDED_AT.getTime() - (age + 1) * SECOND_MS);
  const createdAt = new Date(finishedAt.getTime() - SECOND_MS);
  return {
    ...{ ...making, name, status, createdAt },
    // As `run` makes them that is not asked for a network.
    options: { network: 'host', uts: 'private', ...making.options },
    // Those that run were made by `run -d`, which takes part in nothing.
    ...(!isAlive && { attached: ['stdout', 'stderr'] }),
    ...(image.startsWith('sha256:') && { imageName: MOVED_NAME }),
    ...(status !== 'created' && { startedAt: createdAt }),
    ...(status === 'exited' && { finishedAt }),
    ...(isAlive && isReal && { isReal }),
  };
}

function defaultMaking(status: StateContainer['status']): Making {
  if (status === 'created') return {};
  return { options: { command: status === 'exited' ? ['true'] : ['sleep', '600'] } };
}
