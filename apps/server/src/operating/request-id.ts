import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export const REQUEST_ID_HEADER = 'x-request-id';

/** What may stand in a log and in a header without harm. */
const SANE = /^[\w.:=+/-]{1,128}$/;

/** Makes the IDs of requests: the client's or the proxy's own where it is sane, else one nobody else has. */
export function requestIds(prefix = randomBytes(6).toString('hex')): (request: IncomingMessage) => string {
  let count = 0;
  return (request) => {
    const given = request.headers[REQUEST_ID_HEADER];
    if (typeof given === 'string' && SANE.test(given)) return given;
    count += 1;
    return `${prefix}-${count.toString(36)}`;
  };
}
