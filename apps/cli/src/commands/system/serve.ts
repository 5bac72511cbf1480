import type { ListenAddress, ListenOptions } from '@wherry/server';
import type { CommandContext } from '../../command.ts';
import { CommandError, plainly } from '../../errors.ts';
import type { Flags } from '../../flags.ts';

const DEFAULT_ADDRESS = '127.0.0.1:5000';

/** `wherry serve`: the store as a registry, until the process is told to stop. */
export async function run({ flags, globals, io, signal }: CommandContext): Promise<number> {
  const root = globals.string('root');
  const accessFile = flags.string('access');
  const { parseListenAddress, startServer, takeActivatedSockets } = await import('@wherry/server');
  const inherited = await plainly(() => takeActivatedSockets(io.env));
  const listen = await plainly(() => listenOptions(flags, inherited, parseListenAddress));
  const server = await startServer({
    listen,
    env: io.env,
    ...(root !== undefined && { root }),
    ...(accessFile !== undefined && { accessFile }),
    log: (line) => io.stderr.write(`${line}\n`),
  });
  try {
    for (const url of server.urls) io.stdout.write(`Serving at ${url}\n`);
    await aborted(signal);
  } finally {
    await server.close();
  }
  return 0;
}

function listenOptions(
  flags: Flags,
  inherited: readonly number[],
  parse: (text: string) => ListenAddress,
): ListenOptions {
  const given = flags.list('addr');
  // Where systemd has opened sockets, they are the place to be found at.
  const texts = given.length > 0 || inherited.length > 0 ? given : [DEFAULT_ADDRESS];
  const socketGroup = flags.string('socket-group');
  const tls = tlsFiles(flags);
  return {
    addresses: texts.map(parse),
    inherited,
    isInsecure: flags.bool('insecure'),
    ...(tls && { tls }),
    ...(socketGroup !== undefined && { socketGroup }),
  };
}

function tlsFiles(flags: Flags): ListenOptions['tls'] {
  const [cert, key, clientCa] = ['tls-cert', 'tls-key', 'tls-client-ca'].map((name) => flags.string(name));
  if (cert !== undefined && key !== undefined)
    return { cert, key, ...(clientCa !== undefined && { clientCa }) };
  if (cert === undefined && key === undefined && clientCa === undefined) return undefined;
  throw new CommandError('TLS takes both --tls-cert and --tls-key');
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
