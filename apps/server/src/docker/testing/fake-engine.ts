import type { ContainerRecord, ContainerSession, ContainerVerbs, OutputSink } from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import { MemoryBackend } from '../../../test/memory-backend.ts';
import { buildApp } from '../../app.ts';
import { SILENT } from '../../operating/logger.ts';
import { RunningRequests } from '../../running-requests.ts';
import type { EngineBackend } from '../backend.ts';

/** The verbs that a test has need of; whatever else is called fails. */
export type FakeVerbs = Partial<ContainerVerbs>;

/** The application over an engine that has these verbs on containers. */
export function appOver(containers: FakeVerbs, others: Partial<EngineBackend> = {}): FastifyInstance {
  const engine = { containers, ...others } as unknown as EngineBackend;
  const surroundings = { log: SILENT, running: new RunningRequests() };
  return buildApp({ registry: new MemoryBackend(), engine }, surroundings);
}

/** A container's record, as far as routes look at it. */
export function recordOf(more: Partial<ContainerRecord> = {}): ContainerRecord {
  return {
    id: 'c'.repeat(64),
    name: 'web',
    options: {},
    openStdin: false,
    stdinOnce: false,
    state: { status: 'running' },
    ...more,
  } as ContainerRecord;
}

/** A running container that is steered by a test. */
export class FakeSession implements ContainerSession {
  readonly id = 'c'.repeat(64);
  readonly exitCode: Promise<number | undefined>;
  readonly written: string[] = [];
  inputEnds = 0;
  #end: (code: number | undefined) => void = () => {};
  readonly sink: OutputSink;

  constructor(sink: OutputSink) {
    this.sink = sink;
    this.exitCode = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async write(chunk: Uint8Array): Promise<boolean> {
    this.written.push(Buffer.from(chunk).toString());
    return true;
  }

  endStdin(): void {
    this.inputEnds++;
  }

  async resize(): Promise<void> {}

  detach(): void {
    this.#end(undefined);
  }

  exit(code: number): void {
    this.#end(code);
  }
}
