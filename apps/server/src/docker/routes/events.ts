import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import { eventTest, requireEventFilters } from '../events/event-filters.ts';
import type { EventLog, LoggedEvent } from '../events/event-log.ts';
import { readFilters } from '../wire/filters.ts';
import { abortWhenGone } from '../wire/json-stream.ts';
import { Query } from '../wire/query.ts';

/** From here on, filters that nobody knows are refused: until then they matched everything. */
const STRICT_FILTERS_MINOR = 42;

/** `GET /events`: what this service did from `since`, and goes on doing until `until`. */
export function eventRoutes(app: FastifyInstance): void {
  app.get('/events', async (request, reply) => streamEvents(app.engineEvents, request, reply));
}

async function streamEvents(
  log: EventLog,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = new Query(request);
  const [since, until] = [eventTime(query.text('since')), eventTime(query.text('until'))];
  if (since !== undefined && until !== undefined && since > until)
    throw new ApiError(
      400,
      `\`since\` time (${query.text('since')}) cannot be after \`until\` time (${query.text('until')})`,
    );
  const filters = readFilters(query.text('filters'));
  if (request.apiVersion.minor >= STRICT_FILTERS_MINOR) requireEventFilters(filters);
  const isMeant = eventTest(filters);
  reply.type('application/json').hijack();
  reply.raw.writeHead(200, reply.getHeaders() as Record<string, string>);
  // Clients wait for the head before they do what they want to see.
  reply.raw.flushHeaders();
  const send = (event: LoggedEvent) => {
    if (!isMeant(event) || (until !== undefined && event.timeNano > until)) return;
    reply.raw.write(`${eventLine(event)}\n`);
  };
  const stop = log.listen(send);
  try {
    if (since !== undefined || until !== undefined)
      for (const event of log.kept()) if (event.timeNano >= (since ?? 0n)) send(event);
    await untilTime(until, reply);
  } finally {
    stop();
  }
  reply.raw.end();
  return reply;
}

/** Seconds since 1970 with a fraction, in nanoseconds; `undefined` for nothing. */
function eventTime(text: string): bigint | undefined {
  if (text === '' || text === '0') return undefined;
  const [, seconds, fraction = ''] = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (seconds === undefined)
    throw new ApiError(400, `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** Resolves at `until`, or when the client goes away, whichever comes first. */
async function untilTime(until: bigint | undefined, reply: FastifyReply): Promise<void> {
  const ms = until === undefined ? undefined : Number(until / 1_000_000n) - Date.now();
  if (ms !== undefined && ms <= 0) return;
  const gone = abortWhenGone(reply);
  await new Promise<void>((resolve) => {
    // A timer can be no longer than this; clients ask for nothing near it.
    const timer = ms === undefined ? undefined : setTimeout(resolve, Math.min(ms, 2 ** 31 - 1));
    gone.signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
    if (gone.signal.aborted) resolve();
  });
  gone.release();
}

/** `status`, `id` and `from` are of the oldest form, which clients of these versions still read. */
function eventLine({ type, action, id, attributes = {}, timeNano }: LoggedEvent): string {
  const isOld = type === 'image' || type === 'container';
  const members = JSON.stringify({
    ...(isOld && { status: action }),
    ...(isOld && id !== '' && { id }),
    ...(type === 'container' && attributes.image !== undefined && { from: attributes.image }),
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: 'local',
    time: Number(timeNano / 1_000_000_000n),
  });
  // A double has not the digits for it.
  return `${members.slice(0, -1)},"timeNano":${timeNano}}`;
}
