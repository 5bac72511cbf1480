import { connect, isIP, type Socket } from 'node:net';
import { WherryError } from '../errors.ts';

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const USERNAME_PASSWORD = 2;
const REPLIES = [
  'succeeded',
  'general server failure',
  'connection not allowed',
  'network unreachable',
  'host unreachable',
  'connection refused',
  'time to live expired',
  'command not supported',
  'address type not supported',
];

/**
 * Opens a TCP connection to `host:port` through the SOCKS5 proxy `proxy`, which also resolves the name.
 * Throws `UNREACHABLE`. RFC 1928, RFC 1929.
 */
export async function connectThroughSocks(
  proxy: URL,
  host: string,
  port: number,
  timeoutMs: number,
): Promise<Socket> {
  const socket = connect({ host: proxy.hostname.replace(/^\[|\]$/g, ''), port: Number(proxy.port || 1080) });
  socket.setNoDelay(true);
  socket.setTimeout(timeoutMs, () => socket.destroy(failure(proxy, 'i/o timeout')));
  const read = reader(socket, proxy);
  try {
    await greet(socket, proxy, read);
    socket.write(connectRequest(host, port));
    const [version, reply, , addressType] = await read(4);
    if (version !== VERSION) throw failure(proxy, 'not a SOCKS5 proxy');
    if (reply !== 0) throw failure(proxy, `${host}:${port}: ${REPLIES[reply ?? 1] ?? `error ${reply}`}`);
    await read((await boundAddressLength(addressType, read)) + 2);
    read.stop();
    socket.setTimeout(0);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error instanceof WherryError ? error : failure(proxy, String((error as Error).message), error);
  }
}

interface Reader {
  (bytes: number): Promise<Buffer>;
  stop(): void;
}

async function greet(socket: Socket, proxy: URL, read: Reader): Promise<void> {
  const methods = proxy.username === '' ? [NO_AUTHENTICATION] : [NO_AUTHENTICATION, USERNAME_PASSWORD];
  socket.write(Buffer.from([VERSION, methods.length, ...methods]));
  const [version, method] = await read(2);
  if (version !== VERSION) throw failure(proxy, 'not a SOCKS5 proxy');
  if (method === NO_AUTHENTICATION) return;
  if (method !== USERNAME_PASSWORD || proxy.username === '') throw failure(proxy, 'authentication required');
  const user = Buffer.from(decodeURIComponent(proxy.username)).subarray(0, 255);
  const password = Buffer.from(decodeURIComponent(proxy.password)).subarray(0, 255);
  socket.write(
    Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([password.length]), password]),
  );
  const [, status] = await read(2);
  if (status !== 0) throw failure(proxy, 'username or password refused');
}

function connectRequest(host: string, port: number): Buffer {
  const bare = host.replace(/^\[|\]$/g, '');
  const name = Buffer.from(bare);
  const destination =
    isIP(bare) === 4
      ? Buffer.from([1, ...bare.split('.').map(Number)])
      : Buffer.concat([Buffer.from([3, Math.min(name.length, 255)]), name.subarray(0, 255)]);
  return Buffer.concat([Buffer.from([VERSION, 1, 0]), destination, Buffer.from([port >> 8, port & 0xff])]);
}

async function boundAddressLength(type: number | undefined, read: Reader): Promise<number> {
  if (type === 1) return 4;
  if (type === 4) return 16;
  const [length] = await read(1);
  return length ?? 0;
}

/** Reads exact counts; what came behind them stays with the socket. */
function reader(socket: Socket, proxy: URL): Reader {
  let held = Buffer.alloc(0);
  let failed: Error | undefined;
  let wake: () => void = () => {};
  const onReadable = () => wake();
  const onEnd = () => {
    failed ??= failure(proxy, 'unexpected EOF');
    wake();
  };
  const onError = (error: Error) => {
    failed ??= error;
    wake();
  };
  socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', onError);
  const read = async (bytes: number): Promise<Buffer> => {
    for (;;) {
      if (failed !== undefined) throw failed;
      const chunk: Buffer | null = socket.read();
      if (chunk !== null) held = Buffer.concat([held, chunk]);
      if (held.length >= bytes) break;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const wanted = held.subarray(0, bytes);
    held = held.subarray(bytes);
    return wanted;
  };
  const stop = () => {
    socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', onError);
    if (held.length > 0) socket.unshift(held);
  };
  return Object.assign(read, { stop });
}

function failure(proxy: URL, text: string, cause?: unknown): WherryError {
  return new WherryError('UNREACHABLE', `socks connect tcp ${proxy.host}: ${text}`, {
    details: { host: proxy.host, reason: 'refused' },
    cause,
  });
}
