import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, openEngine } from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import { logTo } from '../../../test/log-lines.ts';
import { MemoryBackend } from '../../../test/memory-backend.ts';
import { buildApp } from '../../app.ts';
import { RunningRequests } from '../../running-requests.ts';

/** The application over a store of its own, which goes when this is disposed. */
export interface EngineApp extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly engine: Engine;
  /** Faults of the service's own. */
  readonly lines: readonly string[];
}

/** Opens the application in a directory where no configuration of the machine's user is. */
export async function openEngineApp(
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<EngineApp> {
  const root = await mkdtemp(join(tmpdir(), 'wherry-docker-'));
  const engine = openEngine({
    root: join(root, 'store'),
    env: { HOME: root, XDG_CONFIG_HOME: join(root, 'config'), ...env },
  });
  const lines: string[] = [];
  const surroundings = { log: logTo(lines), running: new RunningRequests() };
  const app = buildApp({ registry: new MemoryBackend(), engine }, surroundings);
  return {
    app,
    engine,
    lines,
    [Symbol.asyncDispose]: async () => {
      await app.close();
      await engine.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}
