import type { LoadedSettings, Log } from '@wherry/server';
import type { CommandContext } from '../../command.ts';
import { CommandError } from '../../errors.ts';

type Service = typeof import('@wherry/server');

/** What is left to do once the last request is cut. */
const CLOSE_MS = 15_000;

/** `wherry serve`: the store as a service, until the process is told to stop. */
export async function run(context: CommandContext): Promise<number> {
  const { flags, io } = context;
  const service = await import('@wherry/server');
  const path = flags.string('config');
  const addr = flags.changed('addr') && {
    'listen.addr': { text: addressOf(context, service), source: '--addr' },
  };
  const settings = await service.loadSettings({
    env: io.env,
    ...(path !== undefined && { path }),
    ...(addr && { flags: addr }),
  });
  if (!flags.bool('print-config')) return serve(context, service, settings);
  io.stdout.write(settings.print());
  return 0;
}

async function serve(context: CommandContext, service: Service, settings: LoadedSettings): Promise<number> {
  const { globals, io, signal } = context;
  const log = openLog(context, service, settings);
  const notify = service.takeNotify(process.env);
  const root = globals.string('root');
  using _reloads = onHangUp(context, () => service.reloadSettings(settings, log));
  context.setGrace(settings.current.listen.drain + CLOSE_MS);
  const server = await service.startServer({
    ...placeOf(service, settings),
    env: io.env,
    ...(root === undefined ? {} : { root }),
    log,
    settings: () => settings.current,
  });
  try {
    io.stdout.write(`Serving at ${server.url}\n`);
    await notify('READY=1');
    await aborted(signal);
  } finally {
    log.info('stopping');
    await Promise.all([notify('STOPPING=1'), server.close()]);
  }
  return 0;
}

function addressOf({ flags }: CommandContext, { readAddress }: Service): string {
  const text = flags.string('addr') ?? '';
  const address = readAddress(text);
  if ('problem' in address) throw new CommandError(address.problem);
  return text;
}

function placeOf({ readAddress }: Service, { current }: LoadedSettings): { host: string; port: number } {
  const [first = '', ...others] = current.listen.addr;
  const address = readAddress(first);
  if ('problem' in address) throw new CommandError(`listen.addr: ${address.problem}`);
  if (others.length > 0) throw new CommandError('listen.addr names several addresses, want one');
  return address;
}

function openLog({ io }: CommandContext, { createLog }: Service, settings: LoadedSettings): Log {
  const { format, level } = settings.current.log;
  const log = createLog({
    level,
    format: format === 'auto' ? (io.stderr.isTTY ? 'text' : 'json') : format,
    write: (text) => io.stderr.write(text),
    now: () => io.now(),
  });
  settings.onChange((next) => {
    log.level = next.log.level;
  });
  for (const warning of settings.warnings) log.warn(warning);
  return log;
}

/** SIGHUP reads the settings again, except from a terminal, where it says that the terminal is gone. */
function onHangUp({ io }: CommandContext, reload: () => Promise<void>): Disposable {
  const listener = () => void reload();
  if (!io.stderr.isTTY) process.on('SIGHUP', listener);
  return { [Symbol.dispose]: () => process.off('SIGHUP', listener) };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
