import { createHmac } from 'node:crypto';
import type { QueuedEvent } from '@wherry/core';
import type { WebhookEndpointSettings } from './settings.ts';

/** What distribution calls its notifications. */
const MEDIA_TYPE = 'application/vnd.docker.distribution.events.v1+json';
const MS_PER_S = 1000;

/** What an attempt to tell an endpoint came to; `problem` names neither the URL nor a secret. */
export type Outcome = { readonly ok: true } | { readonly ok: false; readonly problem: string };

/**
 * Sends events to an endpoint, in one envelope. `X-Wherry-Signature` is the HMAC-SHA256 over the time in
 * `X-Wherry-Timestamp` (seconds since 1970), a dot and the body: who receives it refuses what is old. Whatever is
 * no success, a redirect too, is a failure.
 */
export async function sendEvents(
  endpoint: Pick<WebhookEndpointSettings, 'url' | 'secret' | 'timeout'>,
  events: readonly QueuedEvent[],
  { now, signal }: { readonly now: Date; readonly signal: AbortSignal },
): Promise<Outcome> {
  const body = `{"events":[${events.map(({ event }) => event).join(',')}]}`;
  const url = new URL(endpoint.url);
  const credentials = credentialsOf(url);
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      body,
      headers: { 'content-type': MEDIA_TYPE, ...credentials, ...signatureOf(endpoint.secret, body, now) },
      signal: AbortSignal.any([signal, AbortSignal.timeout(endpoint.timeout)]),
    });
    await response.body?.cancel();
    return response.ok ? { ok: true } : { ok: false, problem: `answered ${response.status}` };
  } catch (error) {
    return { ok: false, problem: problemOf(error) };
  }
}

/** The headers that prove who sent a body, and when. */
export function signatureOf(secret: string | undefined, body: string, now: Date): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / MS_PER_S));
  if (secret === undefined) return { 'x-wherry-timestamp': timestamp };
  const hex = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return { 'x-wherry-timestamp': timestamp, 'x-wherry-signature': `sha256=${hex}` };
}

/** Takes user and password out of the URL: `fetch` refuses one that has them. */
function credentialsOf(url: URL): Record<string, string> {
  if (url.username === '' && url.password === '') return {};
  const text = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` };
}

function problemOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'did not answer in time';
  const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined;
  return typeof cause?.code === 'string' ? `cannot be reached: ${cause.code}` : 'cannot be reached';
}
