import type { CommandContext } from '../../command.ts';
import { CommandError } from '../../errors.ts';

const MAX_PORT = 65_535;

/** `wherry serve`: the store as a registry, until the process is told to stop. */
export async function run({ flags, globals, io, signal }: CommandContext): Promise<number> {
  const { host, port } = parseAddress(flags.string('addr') ?? '');
  const root = globals.string('root');
  // Uploads wait for the disk in these threads, of which Node has four; read when the first one is needed.
  process.env.UV_THREADPOOL_SIZE ??= '16';
  const { startServer } = await import('@wherry/server');
  const server = await startServer({
    host,
    port,
    env: io.env,
    ...(root === undefined ? {} : { root }),
    log: (line) => io.stderr.write(`${line}\n`),
  });
  try {
    io.stdout.write(`Serving at ${server.url}\n`);
    await aborted(signal);
  } finally {
    await server.close();
  }
  return 0;
}

/** Reads `host:port`, `:port` for every address of the machine, `[::1]:port`. */
export function parseAddress(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > MAX_PORT)
    throw new CommandError(`invalid address ${JSON.stringify(text)}: want HOST:PORT, such as 127.0.0.1:5000`);
  return { host: (match[1] ?? match[2]) || '0.0.0.0', port };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
