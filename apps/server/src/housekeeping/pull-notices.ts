import { type EventTarget, isDigest, type Notifications, type RegistryEvent } from '@wherry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parseEndpoint } from '../registry/endpoints.ts';
import { inRequest } from './request-origin.ts';

const PREFIX = '/v2/';
/** Pulls are gathered for this long: each of its own would be a write to the disk for each read. */
const GATHER_MS = 1_000;
const MAX_GATHERED = 1_000;

/** Writes down which manifests and blobs were pulled, many at a time. A kill loses those of the last second. */
export class PullNotices implements Disposable {
  readonly #notifications: Pick<Notifications, 'event' | 'isWanted' | 'tellAll'>;
  readonly #log: (line: string) => void;
  #gathered: RegistryEvent[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    notifications: Pick<Notifications, 'event' | 'isWanted' | 'tellAll'>,
    log: (line: string) => void,
  ) {
    this.#notifications = notifications;
    this.#log = log;
  }

  /** Listens to what the application has answered. */
  follow(app: FastifyInstance): void {
    app.addHook('onResponse', (request, reply, done) => {
      this.#note(request, reply);
      done();
    });
  }

  /** Writes down what is gathered. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const events = this.#gathered;
    this.#gathered = [];
    try {
      this.#notifications.tellAll(events);
    } catch (error) {
      // Nobody waits for an answer here, and a pull that nobody hears of is no reason to stop.
      this.#log(
        `webhooks: ${events.length} pulls go untold: ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  #note(request: FastifyRequest, reply: FastifyReply): void {
    // A connection that broke took nothing whole.
    if (request.method !== 'GET' || reply.statusCode !== 200 || !reply.raw.writableFinished) return;
    // Routes of other parts have no such parameter, or what is in it is no endpoint of a registry.
    const { '*': path } = request.params as { '*'?: string };
    const endpoint = path !== undefined && request.url.startsWith(PREFIX) ? parseEndpoint(path) : undefined;
    if (endpoint?.kind !== 'manifest' && endpoint?.kind !== 'blob') return;
    const { kind, name: repository } = endpoint;
    if (!this.#notifications.isWanted('pull', repository, kind)) return;
    const tag = kind === 'manifest' && !isDigest(endpoint.reference) ? endpoint.reference : undefined;
    const target = { kind, repository, ...contentOf(reply), ...(tag && { tag }) };
    this.#gathered.push(inRequest(request, () => this.#notifications.event('pull', target)));
    if (this.#gathered.length >= MAX_GATHERED) this[Symbol.dispose]();
    else this.#timer ??= setTimeout(() => this[Symbol.dispose](), GATHER_MS).unref();
  }
}

/** What was pulled, by what the answer says of it. */
function contentOf(reply: FastifyReply): Pick<EventTarget, 'digest' | 'mediaType' | 'size'> {
  const digest = String(reply.getHeader('docker-content-digest') ?? '');
  const mediaType = String(reply.getHeader('content-type') ?? '');
  const size = Number(reply.getHeader('content-length'));
  // What a proxy in front sends is not in our answer.
  const isHere = reply.getHeader('x-accel-redirect') === undefined;
  return {
    ...(isDigest(digest) && { digest }),
    ...(mediaType !== '' && { mediaType }),
    ...(isHere && Number.isSafeInteger(size) && { size }),
  };
}
