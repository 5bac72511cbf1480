import type { ListenOptions, LoadedSettings, Log } from '@wherry/server';
import type { CommandContext } from '../../command.ts';
import { CommandError, plainly } from '../../errors.ts';
import type { Flags } from '../../flags.ts';

type Service = typeof import('@wherry/server');

/** What is left to do once the last request is cut. */
const CLOSE_MS = 15_000;
/** Flags that stand for keys of the settings file. */
const KEYS = {
  addr: 'listen.addr',
  insecure: 'listen.insecure',
  mirror: 'mirror.upstream',
  'mirror-max-size': 'mirror.max-size',
  'mirror-pin': 'mirror.pins',
  'mirror-ttl': 'mirror.tag-ttl',
  'socket-group': 'listen.socket-group',
  'tls-cert': 'listen.tls-cert',
  'tls-client-ca': 'listen.tls-client-ca',
  'tls-key': 'listen.tls-key',
} as const;

/** `wherry serve`: the store as a service, until the process is told to stop. */
export async function run(context: CommandContext): Promise<number> {
  const { flags, io } = context;
  // Uploads wait for the disk in these threads, of which Node has four; read when the first one is needed.
  process.env.UV_THREADPOOL_SIZE ??= '16';
  const service = await import('@wherry/server');
  const place = placeOf(context);
  await plainly(() => flags.list('addr').map(service.parseListenAddress));
  const settings = await service.loadSettings({ ...place, flags: settingsIn(flags) });
  if (flags.bool('health')) return (await import('./serve-health.ts')).run(context, service, settings);
  if (!flags.bool('print-config')) return serve(context, service, settings);
  io.stdout.write(settings.print());
  return 0;
}

async function serve(context: CommandContext, service: Service, settings: LoadedSettings): Promise<number> {
  const { flags, globals, io, signal } = context;
  const log = openLog(context, service, settings);
  const notify = service.takeNotify(process.env);
  const [root, config] = [globals.string('root'), globals.string('config')];
  const inherited = await plainly(() => service.takeActivatedSockets(io.env));
  const listen = await plainly(() => listenOptions(settings, inherited, service));
  const accessFile = flags.string('access') ?? (await service.settingsFileWith('access', placeOf(context)));
  using _reloads = onHangUp(context, () => service.reloadSettings(settings, log));
  using _changes = await service.watchSettings(settings, log);
  context.setGrace(settings.current.listen.drain + CLOSE_MS);
  const server = await service.startServer({
    listen,
    env: io.env,
    ...(root !== undefined && { root }),
    ...(config && (config.endsWith('.toml') ? { configFile: config } : { dockerConfigDir: config })),
    ...(accessFile !== undefined && { accessFile }),
    mirror: service.toMirrorSettings(settings.current.mirror),
    log,
    settings: () => settings.current,
    onSettings: (listener) => settings.onChange(listener),
  });
  try {
    for (const url of server.urls) io.stdout.write(`Serving at ${url}\n`);
    await notify('READY=1');
    await aborted(signal);
  } finally {
    log.info('stopping');
    await Promise.all([notify('STOPPING=1'), server.close()]);
  }
  return 0;
}

function placeOf({ flags, io }: CommandContext) {
  const path = flags.string('config');
  return { env: io.env, ...(path !== undefined && { path }) };
}

/** What the command line says, as the settings file would. */
function settingsIn(flags: Flags): Record<string, { text: string; source: string }> {
  const given = Object.entries(KEYS).filter(([flag]) => flags.changed(flag));
  return Object.fromEntries(
    given.map(([flag, key]) => [key, { text: textOf(flags, flag), source: `--${flag}` }]),
  );
}

function textOf(flags: Flags, flag: string): string {
  if (flag === 'addr' || flag === 'mirror-pin') return flags.list(flag).join(',');
  if (flag === 'mirror') return upstreamsIn(flags.list(flag));
  return flag === 'insecure' ? String(flags.bool(flag)) : (flags.string(flag) ?? '');
}

/** `NAME[=LOCATION]`, as the tables of the settings file. */
function upstreamsIn(texts: readonly string[]): string {
  const rows = texts.map((text) => {
    const mark = text.indexOf('=');
    if (mark === -1) return `{ name = ${JSON.stringify(text)} }`;
    return `{ name = ${JSON.stringify(text.slice(0, mark))}, location = ${JSON.stringify(text.slice(mark + 1))} }`;
  });
  return `[${rows.join(', ')}]`;
}

/** Where systemd has opened sockets, they are the place to be found at, unless someone says otherwise. */
function listenOptions(
  { current, isSet }: LoadedSettings,
  inherited: readonly number[],
  { parseListenAddress }: Service,
): ListenOptions {
  const { addr, insecure, socketGroup } = current.listen;
  const texts = inherited.length > 0 && !isSet('listen.addr') ? [] : addr;
  const tls = tlsFiles(current.listen);
  return {
    addresses: texts.map(parseListenAddress),
    inherited,
    isInsecure: insecure,
    limits: current.limits,
    ...(tls && { tls }),
    ...(socketGroup !== undefined && { socketGroup }),
  };
}

function tlsFiles({
  tlsCert: cert,
  tlsKey: key,
  tlsClientCa: clientCa,
}: LoadedSettings['current']['listen']): ListenOptions['tls'] {
  if (cert !== undefined && key !== undefined)
    return { cert, key, ...(clientCa !== undefined && { clientCa }) };
  if (cert === undefined && key === undefined && clientCa === undefined) return undefined;
  throw new CommandError('TLS takes both --tls-cert and --tls-key');
}

function openLog(
  { io }: CommandContext,
  { createLog, linesTogether }: Service,
  settings: LoadedSettings,
): Log {
  const { format, level } = settings.current.log;
  const log = createLog({
    level,
    format: format === 'auto' ? (io.stderr.isTTY ? 'text' : 'json') : format,
    ...linesTogether((text) => io.stderr.write(text)),
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
