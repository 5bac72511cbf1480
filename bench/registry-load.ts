// Loads a registry over some connections, one request after the other on each: a program of its own, whose time
// is what the registry takes. Written on sockets, because a client library would take more of the machine than the
// registries do. Argument: a `Load` as JSON.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

/** What to ask of a registry. */
export interface Load {
  /** Host and port. */
  readonly address: string;
  readonly connections: number;
  readonly requests: number;
  readonly job:
    | { readonly kind: 'read'; readonly method: 'GET' | 'HEAD'; readonly path: string }
    /** `digests` is a file: the digest of each of the blobs that `uploadBody` makes, one a line. */
    | {
        readonly kind: 'upload';
        readonly repository: string;
        readonly digests: string;
        readonly bytes: number;
      };
}

interface Answer {
  readonly status: number;
  readonly head: string;
}

/** Docker's registry has no OCI manifest for whoever does not ask for one. */
const ACCEPT = 'application/vnd.oci.image.manifest.v1+json, */*';
const HEAD_END = Buffer.from('\r\n\r\n');

/** The blob number `index` of an upload: all alike but for the number at their beginning. */
export function uploadBody(index: number, bytes: number): Buffer {
  const body = Buffer.alloc(bytes, 'wherry ');
  body.writeUInt32LE(index);
  return body;
}

/** One connection that is kept: requests go out one by one, bodies are counted and dropped. */
class Connection {
  readonly #socket: Socket;
  #head: Buffer[] = [];
  #bodyLeft = 0;
  #answer: Answer | undefined;
  #isHead = false;
  #done: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void } | undefined;

  constructor(address: string) {
    const [host, port] = address.split(':');
    this.#socket = connect(Number(port), host);
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk) => this.#take(chunk));
    this.#socket.on('error', (error) => this.#done?.reject(error));
    this.#socket.on('close', () => this.#done?.reject(new Error('connection closed')));
  }

  send(request: string, body?: Buffer): Promise<Answer> {
    this.#isHead = request.startsWith('HEAD');
    return new Promise((resolve, reject) => {
      this.#done = { resolve, reject };
      this.#socket.write(request);
      if (body) this.#socket.write(body);
    });
  }

  close(): void {
    this.#done = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    if (this.#answer) {
      this.#takeBody(chunk.length);
      return;
    }
    this.#head.push(chunk);
    const bytes = this.#head.length === 1 ? chunk : Buffer.concat(this.#head);
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) return;
    this.#head = [];
    const head = bytes.toString('latin1', 0, end);
    const status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    this.#answer = { status, head };
    this.#bodyLeft = this.#isHead || status === 204 ? 0 : Number(length ?? 0);
    this.#takeBody(bytes.length - end - HEAD_END.length);
  }

  #takeBody(length: number): void {
    this.#bodyLeft -= length;
    const answer = this.#answer;
    if (this.#bodyLeft > 0 || !answer) return;
    this.#answer = undefined;
    this.#done?.resolve(answer);
  }
}

async function load({ address, connections, requests, job }: Load): Promise<void> {
  const digests = job.kind === 'upload' ? readFileSync(job.digests, 'utf8').split('\n') : [];
  let next = 0;
  const worker = async () => {
    const connection = new Connection(address);
    for (let index = next++; index < requests; index = next++) {
      if (job.kind === 'read') {
        const request = `${job.method} ${job.path} HTTP/1.1\r\nhost: ${address}\r\naccept: ${ACCEPT}\r\n\r\n`;
        expectStatus(await connection.send(request), 200);
      } else await upload(connection, { ...job, address, index, digest: digests[index] ?? '' });
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, worker));
}

async function upload(
  connection: Connection,
  blob: {
    readonly repository: string;
    readonly bytes: number;
    readonly address: string;
    readonly index: number;
    readonly digest: string;
  },
): Promise<void> {
  const { address, repository, bytes, index, digest } = blob;
  const host = `host: ${address}\r\n`;
  const begin = `POST /v2/${repository}/blobs/uploads/ HTTP/1.1\r\n${host}content-length: 0\r\n\r\n`;
  const { head } = expectStatus(await connection.send(begin), 202);
  const location = /\r\nlocation: (\S+)/i.exec(head)?.[1] ?? '';
  const path = location.replace(/^https?:\/\/[^/]+/, '');
  const target = `${path}${path.includes('?') ? '&' : '?'}digest=${digest}`;
  const type = 'content-type: application/octet-stream\r\n';
  const end = `PUT ${target} HTTP/1.1\r\n${host}${type}content-length: ${bytes}\r\n\r\n`;
  expectStatus(await connection.send(end, uploadBody(index, bytes)), 201);
}

function expectStatus(answer: Answer, status: number): Answer {
  if (answer.status !== status) throw new Error(`status ${answer.status}, want ${status}: ${answer.head}`);
  return answer;
}

const [argument] = process.argv.slice(2);
if (import.meta.main && argument !== undefined) await load(JSON.parse(argument) as Load);
