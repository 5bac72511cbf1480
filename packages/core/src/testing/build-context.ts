import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BuildEvent } from '../build/build-event.ts';
import type { BuildRequest } from '../engine/build-request.ts';
import type { Engine } from '../engine/engine.ts';
import { writeDockerArchive } from '../image/docker-archive-writer.ts';
import { type ImageFixtureOptions, makeImageFixture, storeOf } from './image-fixtures.ts';

/** Writes a build context in the place of what was there. Returns the directory. */
export function writeContext(directory: string, files: Readonly<Record<string, string>>): string {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
    chmodSync(join(directory, path), 0o644);
  }
  return directory;
}

/** Loads an image that builds can stand on. */
export async function loadBase(engine: Engine, options: ImageFixtureOptions): Promise<void> {
  const fixture = makeImageFixture(options);
  await engine.load({ from: writeDockerArchive([fixture.image], await storeOf([fixture])) });
}

/** Builds a directory, and tells what happened. */
export async function buildDirectory(engine: Engine, path: string, request: Partial<BuildRequest> = {}) {
  const events: BuildEvent[] = [];
  const context = { kind: 'directory', path } as const;
  const onBuildEvent = (event: BuildEvent) => events.push(event);
  const result = await engine.build({ context, ...request }, { onBuildEvent });
  const said = <Kind extends BuildEvent['kind']>(kind: Kind) =>
    events.filter((event): event is Extract<BuildEvent, { kind: Kind }> => event.kind === kind);
  return { ...result, events, said };
}

/** What became of each step: `cached`, `done`. */
export function stepFates(events: readonly BuildEvent[]): string[] {
  return events.flatMap((event) =>
    event.kind === 'build-step-cached' ? ['cached'] : event.kind === 'build-step-done' ? ['done'] : [],
  );
}
