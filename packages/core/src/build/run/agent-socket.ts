import { chmodSync, chownSync, closeSync, constants, openSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { SshMount } from './run-mount.ts';

/**
 * A socket in `directory` that leads to the user's agent, and ends with this process: the agent's own is for its user
 * alone, and who is in the container may be somebody else. Throws the system's error where it cannot be made.
 */
export async function openAgentSocket(
  directory: string,
  name: string,
  { socket, uid = 0, gid = 0, mode = 0o600 }: Pick<SshMount, 'socket' | 'uid' | 'gid' | 'mode'>,
): Promise<AsyncDisposable> {
  const connections = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const agent = connect({ path: socket, allowHalfOpen: true });
    const both = [client, agent] as const;
    for (const each of both) {
      connections.add(each);
      each.on('close', () => connections.delete(each));
      // What one of them suffers the other one sees as its end.
      each.on('error', () => {
        for (const end of both) end.destroy();
      });
    }
    client.pipe(agent);
    agent.pipe(client);
  });
  const dispose = async () => {
    for (const each of connections) each.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  // A socket's path is short: this one is, whatever the directory is called. unix(7)
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(`/proc/self/fd/${fd}/${name}`, resolve);
    });
    chownSync(join(directory, name), uid, gid);
    chmodSync(join(directory, name), mode);
    return { [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  } finally {
    closeSync(fd);
  }
}
