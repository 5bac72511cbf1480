import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server that a benchmark or a test talks to. */
export interface Peer {
  readonly address: string;
  stop(): Promise<void>;
}

/** Names what is not installed of the programs that are asked for. */
export function missingPrograms(...names: string[]): string[] {
  return names.filter((name) => spawnSync('which', [name]).status !== 0);
}

/** A port of the loopback interface that nothing listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

export interface DockerRegistryOptions {
  /** Absent: it deletes what it is asked to. */
  readonly deletes?: boolean;
  /** A file of `htpasswd`; absent: it asks for no password. */
  readonly passwords?: string;
}

/** Starts Debian's docker-registry over an empty or given directory. */
export async function startDockerRegistry(
  directory: string,
  { deletes = true, passwords }: DockerRegistryOptions = {},
): Promise<Peer> {
  const port = await freePort();
  mkdirSync(directory, { recursive: true });
  const config = join(directory, 'config.yml');
  writeFileSync(
    config,
    `version: 0.1
log: { level: error }
storage: { filesystem: { rootdirectory: ${join(directory, 'data')} }, delete: { enabled: ${deletes} } }
http: { addr: 127.0.0.1:${port} }
${passwords === undefined ? '' : `auth: { htpasswd: { realm: registry, path: ${passwords} } }\n`}`,
  );
  const child = spawn('docker-registry', ['serve', config], { stdio: logTo(directory, 'registry.log') });
  const address = `127.0.0.1:${port}`;
  await waitFor(`http://${address}/v2/`, child);
  return { address, stop: () => stopChild(child) };
}

/** Starts `wherry serve` over an empty or given directory; `wherry` is the command, `flags` come behind it. */
export async function startWherryServe(
  directory: string,
  wherry: readonly string[],
  flags: readonly string[] = [],
): Promise<Peer> {
  const address = `127.0.0.1:${await freePort()}`;
  const [program = '', ...args] = [...wherry, '--root', join(directory, 'store'), 'serve', '--addr', address];
  const child = spawn(program, [...args, ...flags], { stdio: logTo(directory, 'serve.log') });
  await waitFor(`http://${address}/v2/`, child);
  return { address, stop: () => stopChild(child) };
}

/** A real dockerd with a store and a socket of its own; `address` is what `docker -H` takes. */
export async function startDockerd(directory: string, flags: readonly string[] = []): Promise<Peer> {
  mkdirSync(directory, { recursive: true });
  const socket = join(directory, 'docker.sock');
  const child = spawn(
    'dockerd',
    [
      ...['--data-root', join(directory, 'data'), '--exec-root', join(directory, 'exec')],
      ...['--pidfile', join(directory, 'pid'), '-H', `unix://${socket}`],
      ...['--iptables=false', '--bridge=none', ...flags],
    ],
    { stdio: logTo(directory, 'dockerd.log') },
  );
  for (let i = 0; i < 300; i++) {
    const ping = spawnSync('docker', ['-H', `unix://${socket}`, 'version'], { stdio: 'ignore' });
    if (existsSync(socket) && ping.status === 0)
      return { address: `unix://${socket}`, stop: () => stopDockerd(child, directory) };
    if (child.exitCode !== null) break;
    await sleep(100);
  }
  await stopChild(child);
  throw new Error(`dockerd did not start: see ${join(directory, 'dockerd.log')}`);
}

/** What it mounts for its first container stays mounted when it ends. */
async function stopDockerd(child: ChildProcess, directory: string): Promise<void> {
  await stopChild(child);
  spawnSync('umount', [join(directory, 'exec', 'netns', 'default')], { stdio: 'ignore' });
}

async function waitFor(url: string, child: ChildProcess): Promise<void> {
  for (let i = 0; i < 300 && child.exitCode === null; i++) {
    try {
      await fetch(url);
      return;
    } catch {
      await sleep(50);
    }
  }
  throw new Error(`nothing answers at ${url}`);
}

export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(late);
}

function logTo(directory: string, name: string): ['ignore', number, number] {
  const log = openSync(join(directory, name), 'a');
  return ['ignore', log, log];
}
