import { connect, type LookupFunction, type OnReadOpts, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { buildConnector } from 'undici';
import { WherryError } from '../errors.ts';

/** Most bytes of one read. */
const READ_BYTES = 256 * 1024;

/**
 * Connects plain TCP for undici with reads of up to 256 KiB instead of 64 KiB: a fifth less CPU time for a large
 * blob, and chunks that suit a disk. A chunk is all of its memory, so that whoever is done with it can give it
 * back (`bytes/release.ts`).
 */
export function wideReadConnector(timeoutMs: number, lookup?: LookupFunction): buildConnector.connector {
  return ({ hostname, port }, callback) => {
    const socket = openSocket(hostname.replace(/^\[|\]$/g, ''), Number(port || 80), lookup);
    const timer = setTimeout(() => socket.destroy(timedOut(hostname, port)), timeoutMs);
    let settled = false;
    const settle = (error: Error | null) => {
      clearTimeout(timer);
      if (settled) return;
      settled = true;
      if (error === null) callback(null, socket);
      else callback(error, null);
    };
    socket.once('connect', () => settle(null)).on('error', settle);
  };
}

function openSocket(host: string, port: number, lookup: LookupFunction | undefined): Socket {
  const scratch = Buffer.allocUnsafeSlow(READ_BYTES);
  const onread: OnReadOpts = {
    buffer: scratch,
    callback: (bytesRead) => {
      // A copy costs a tenth of what a buffer per read costs the garbage collector.
      const chunk = Buffer.allocUnsafeSlow(bytesRead);
      scratch.copy(chunk, 0, 0, bytesRead);
      // Back into the stream: undici reads it as any socket, and its back-pressure stops the reading here.
      return socket.push(chunk);
    },
  };
  const options: TcpNetConnectOpts & { readonly highWaterMark: number } = {
    host,
    port,
    onread,
    ...(lookup && { lookup }),
    // Every chunk stops the reading until it is taken: chunks that pile up would be joined, which is a copy more.
    highWaterMark: 1,
  };
  const socket: Socket = connect(options);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 60_000);
  return socket;
}

function timedOut(hostname: string, port: string): WherryError {
  return new WherryError('UNREACHABLE', `dial tcp ${hostname}:${port || 80}: i/o timeout`, {
    details: { host: hostname, reason: 'timeout' },
  });
}
