import type { Store } from '../store/store.ts';
import type { ContainerDeps } from './container-deps.ts';
import { requireContainer } from './container-records.ts';
import type { ContainerVerbs } from './container-verbs.ts';

/**
 * The verbs over what `open` gives; each loads its code when it is first called. `openStore` gives the store alone,
 * also where there are no containers.
 */
export function bindContainers(
  open: () => Promise<ContainerDeps>,
  openStore: () => Promise<Store>,
): ContainerVerbs {
  return {
    create: async (request) => (await import('./create.ts')).createContainer(await open(), request),
    run: async (request, options) => (await import('./run.ts')).runContainer(await open(), request, options),
    start: async (container, options) =>
      (await import('./start.ts')).startContainer(await open(), container, options),
    startSession: async (container, options) =>
      (await import('./start.ts')).startSession(await open(), container, options),
    startAttended: async (container, sinks, options) =>
      (await import('./start.ts')).startAttended(await open(), container, sinks, options),
    waitUntil: async (request, options) =>
      (await import('./wait-until.ts')).waitUntil(await open(), request, options),
    wait: async (container, options) =>
      (await import('./wait.ts')).waitForContainer(await open(), container, options),
    stop: async (request, options) =>
      (await import('./stop.ts')).stopContainer(await open(), request, options),
    kill: async (container, signal) =>
      (await import('./kill.ts')).killContainer(await open(), container, signal),
    restart: async (request, options) =>
      (await import('./restart.ts')).restartContainer(await open(), request, options),
    pause: async (container) => (await import('./pause.ts')).pauseContainer(await open(), container),
    unpause: async (container) => (await import('./pause.ts')).unpauseContainer(await open(), container),
    exec: async (request, io) => (await import('./exec.ts')).execContainer(await open(), request, io),
    execDetached: async (request) => (await import('./exec.ts')).execDetached(await open(), request),
    attach: async (container, options) =>
      (await import('./attach.ts')).attachContainer(await open(), container, options),
    resize: async (request) => (await import('./resize.ts')).resizeContainer(await open(), request),
    statFile: async (request, options) =>
      (await import('./archive.ts')).statFile(await open(), request, options),
    extract: async (request, options) =>
      (await import('./archive.ts')).extractArchive(await open(), request, options),
    stats: async function* (request, options) {
      const { containerStats } = await import('./stats.ts');
      yield* containerStats(await open(), request, options);
    },
    update: async (request) => (await import('./update.ts')).updateContainer(await open(), request),
    top: async (request) => (await import('./top.ts')).containerProcesses(await open(), request),
    rename: async (request) => (await import('./rename.ts')).renameContainer(await open(), request),
    prune: async (request, options) =>
      (await import('./prune.ts')).pruneContainers(await open(), request, options),
    remove: async (request) => (await import('./remove.ts')).removeContainer(await open(), request),
    diff: async (container, options) =>
      (await import('./diff.ts')).diffContainer(await open(), container, options),
    export: async function* (container, options) {
      const { exportContainer } = await import('./export.ts');
      yield* exportContainer(await open(), container, options);
    },
    copyIn: async (request, options) =>
      (await import('./copy-files.ts')).copyIn(await open(), request, options),
    copyOut: async (request, options) =>
      (await import('./copy-files.ts')).copyOut(await open(), request, options),
    copyOutArchive: async function* (request, options) {
      const { copyOutArchive } = await import('./copy-files.ts');
      yield* copyOutArchive(await open(), request, options);
    },
    inspect: async (container) => (await import('./inspect.ts')).inspectContainer(await open(), container),
    describe: async (request) => {
      // Whoever looks for anything of this name asks for a container first, and mostly means an image.
      requireContainer((await openStore()).metadata, request.container);
      return (await import('./describe.ts')).describeContainer(await open(), request);
    },
    list: async (request) => (await import('./list.ts')).listContainers(await open(), request),
    names: async (activity) => (await import('./names.ts')).containerNames(await open(), activity),
    logs: async function* (request, options) {
      const { containerLogs } = await import('./logs.ts');
      yield* containerLogs(await open(), request, options);
    },
  };
}
