import { FAILURE_EXIT_CODE, INTERRUPTED_EXIT_CODE, TERMINATED_EXIT_CODE } from './exit-codes.ts';
import { processIo } from './io.ts';
import { run } from './run.ts';

/** How long a command may take to put its work in order after a signal. */
let graceMs = 5000;

const controller = new AbortController();
let signalExitCode: number | undefined;

for (const [name, exitCode] of [
  ['SIGINT', INTERRUPTED_EXIT_CODE],
  ['SIGTERM', TERMINATED_EXIT_CODE],
] as const)
  process.on(name, () => {
    // A second signal does not wait.
    if (signalExitCode !== undefined) process.exit(exitCode);
    signalExitCode = exitCode;
    controller.abort();
    setTimeout(() => process.exit(exitCode), graceMs).unref();
  });

/** Of root, only that of a user namespace is told that it has one. */
const mayHaveNamespace = process.geteuid?.() !== 0 || process.env.WHERRY_NAMESPACE !== undefined;

let isDone = false;
// With nothing left to wait for Node ends well, whatever was promised: a script would take that for success.
process.once('beforeExit', () => {
  if (isDone) return;
  process.stderr.write('wherry: internal error: ended before its work was done\n');
  process.exitCode = FAILURE_EXIT_CODE;
});

run(process.argv.slice(2), {
  io: processIo(),
  signal: controller.signal,
  setGrace: (ms) => {
    graceMs = ms;
  },
  ...(mayHaveNamespace && {
    enterNamespace: async (request) => (await import('./enter-namespace.ts')).enterNamespace(request),
  }),
  openEngine: async (options) => (await import('./open-engine.ts')).openEngine(options),
}).then((exitCode) => {
  isDone = true;
  // A server that was told to stop has done its work; a command that was is an unfinished one.
  process.exitCode = exitCode === INTERRUPTED_EXIT_CODE ? (signalExitCode ?? exitCode) : exitCode;
});
