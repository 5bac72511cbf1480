const MAX_LENGTH = 1000;
/** Parameters of queries that say what is asked for, and nothing that opens anything. */
const HARMLESS = new Set([
  ...['artifactType', 'client_id', 'digest', 'digest-algorithm', 'from', 'last', 'mount', 'n', 'ns', 'q'],
  ...['offline_token', 'platform', 'scope', 'service', 'tag', 'fromImage', 'repo', 'filters', 'all', 'limit'],
  ...[
    'container',
    'name',
    'names',
    'force',
    'follow',
    'stdout',
    'stderr',
    'since',
    'until',
    'signal',
    'stream',
  ],
  ...['t', 'term', 'noprune', 'size', 'v', 'link', 'condition', 'h', 'w', 'tail', 'timestamps', 'type'],
]);
const REDACTED = '(not shown)';

/**
 * A request's path and query as they may be written down: without the values of parameters that are not known to
 * be harmless, such as tokens, signatures and arguments of builds, and no longer than is useful.
 */
export function loggablePath(url: string): string {
  const mark = url.indexOf('?');
  if (mark === -1) return shortened(url);
  const query = url
    .slice(mark + 1)
    .split('&')
    .map(loggableParameter)
    .join('&');
  return shortened(`${url.slice(0, mark)}?${query}`);
}

function loggableParameter(text: string): string {
  const name = text.split('=', 1)[0] ?? '';
  return HARMLESS.has(name) || !text.includes('=') ? text : `${name}=${REDACTED}`;
}

function shortened(text: string): string {
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH)}…`;
}
