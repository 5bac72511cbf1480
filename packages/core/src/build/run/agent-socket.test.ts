import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openAgentSocket } from './agent-socket.ts';

const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];

let root: string;
let agent: Server;
let socket: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'wherry-agent-'));
  socket = join(root, 'agent');
  agent = createServer((client) => client.once('data', (data) => client.end(`got ${data}`)));
  await new Promise<void>((resolve) => agent.listen(socket, resolve));
});
afterEach(() => {
  agent.close();
  rmSync(root, { recursive: true });
});

async function ask(path: string): Promise<string> {
  const client = connect(path);
  client.end('hi');
  const chunks: Uint8Array[] = [];
  for await (const chunk of client) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test.skipIf(process.platform !== 'linux')('leads to the agent, from however deep a directory', async () => {
  const directory = join(root, 'd'.repeat(120));
  mkdirSync(directory);
  const open = await openAgentSocket(directory, 's', { socket, uid, gid, mode: 0o620 });
  expect(statSync(join(directory, 's')).mode & 0o777).toBe(0o620);
  const before = process.cwd();
  process.chdir(directory);
  try {
    expect(await Promise.all([ask('s'), ask('s')])).toEqual(['got hi', 'got hi']);
    agent.close();
    rmSync(socket, { force: true });
    await expect(ask('s')).rejects.toMatchObject({ code: 'ECONNRESET' });
    await open[Symbol.asyncDispose]();
    await expect(ask('s')).rejects.toMatchObject({ code: /ENOENT|ECONNREFUSED/ });
  } finally {
    process.chdir(before);
  }
});
