import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { afterAll, expect, test } from 'vitest';
import { describeWith } from './needs.ts';
import { ServiceProcess } from './service-process.ts';
import { Sandbox } from './wherry.ts';

const MAX_RSS_KB = 200 * 1024;
const CONNECTIONS = 1000;
const DOWNLOADS = 25;
const UPLOADS = 25;
const BLOB_BYTES = 40 << 20;
const UPLOAD_BYTES = 8 << 20;
const PIECE_BYTES = 256 << 10;

async function answerTo(sent: ClientRequest): Promise<IncomingMessage> {
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return answer;
}

function get(url: string, agent?: Agent): Promise<IncomingMessage> {
  return answerTo(request(url, agent ? { agent } : {}).end());
}

async function digestIn(answer: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of answer) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

describeWith({ linux: true }, 'a service with a thousand connections and fifty transfers', () => {
  const sandbox = new Sandbox();
  const agents: Agent[] = [];
  afterAll(() => {
    for (const agent of agents) agent.destroy();
    sandbox[Symbol.dispose]();
  });

  test('needs no more than 200 MB', async () => {
    const service = await ServiceProcess.start(sandbox, ['--addr', '127.0.0.1:0']);
    const base = `${service.urls[0]}/v2/team/app/blobs`;
    const push = async (bytes: Buffer, pieces: () => Promise<void> = async () => {}) => {
      const headers = { 'content-length': bytes.length, 'content-type': 'application/octet-stream' };
      const sent = request(`${base}/uploads/?digest=${digestOf(bytes)}`, { method: 'POST', headers });
      const answer = answerTo(sent);
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        if (!sent.write(bytes.subarray(at, at + PIECE_BYTES))) await once(sent, 'drain');
        if (at === 0) await pieces();
      }
      sent.end();
      const { statusCode } = (await answer).resume();
      return statusCode;
    };
    try {
      const blob = Buffer.alloc(BLOB_BYTES, randomBytes(1 << 20));
      expect(await push(blob)).toBe(201);

      for (let count = 0; count < CONNECTIONS; count++)
        agents.push(new Agent({ keepAlive: true, maxSockets: 1, timeout: 120_000 }));
      for (const agent of agents) {
        const answer = await get(`${service.urls[0]}/v2/`, agent);
        await once(answer.resume(), 'end');
      }

      // Every transfer has begun before any may go on.
      let begun = 0;
      let goOn = () => {};
      const allBegun = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      const barrier = () => {
        if (++begun === DOWNLOADS + UPLOADS) goOn();
        return allBegun;
      };
      const download = async () => {
        const answer = await get(`${base}/${digestOf(blob)}`);
        await barrier();
        return digestIn(answer);
      };
      const upload = (index: number) => push(Buffer.alloc(UPLOAD_BYTES, `upload ${index} `), barrier);
      const [digests, statuses] = await Promise.all([
        Promise.all(Array.from({ length: DOWNLOADS }, download)),
        Promise.all(Array.from({ length: UPLOADS }, (_, index) => upload(index))),
      ]);
      expect(new Set(digests)).toEqual(new Set([digestOf(blob)]));
      expect(new Set(statuses)).toEqual(new Set([201]));
      expect(peakOf(service.program.child.pid ?? 0)).toBeLessThan(MAX_RSS_KB);
    } finally {
      await service.stop();
    }
  });
});

/** proc(5): the most memory that a process has had, in kB. */
function peakOf(pid: number): number {
  const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(peak);
}
