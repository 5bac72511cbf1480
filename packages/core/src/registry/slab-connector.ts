import { connect, type OnReadOpts, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { buildConnector } from 'undici';
import { WherryError } from '../errors.ts';

/** Memory that reads fill one after another. */
const SLAB_BYTES = 1024 * 1024;
/** Room below which a new slab begins: small reads cost more than they save. */
const MIN_READ_BYTES = 256 * 1024;

/**
 * Connects plain TCP for undici with reads of up to a slab instead of 64 KiB each in a buffer of its own:
 * a fifth less CPU time for a large blob, and chunks that suit a disk. A slab is never written twice.
 */
export function slabConnector(timeoutMs: number): buildConnector.connector {
  return ({ hostname, port }, callback) => {
    const socket = openSocket(hostname.replace(/^\[|\]$/g, ''), Number(port || 80));
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

function openSocket(host: string, port: number): Socket {
  let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  let used = 0;
  const onread: OnReadOpts = {
    buffer: () => {
      if (slab.length - used < MIN_READ_BYTES) {
        slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
        used = 0;
      }
      return slab.subarray(used);
    },
    callback: (bytesRead, buffer) => {
      used += bytesRead;
      // Back into the stream: undici reads it as any socket, and its back-pressure stops the reading here.
      return socket.push(buffer.subarray(0, bytesRead));
    },
  };
  const options: TcpNetConnectOpts & { readonly highWaterMark: number } = {
    host,
    port,
    onread,
    highWaterMark: SLAB_BYTES,
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
