/** Parameters of queries that say what is asked for, and nothing that opens anything. */
const HARMLESS = new Set([
  ...[
    'account',
    'artifactType',
    'client_id',
    'digest',
    'digest-algorithm',
    'from',
    'last',
    'mount',
    'n',
    'ns',
  ],
  ...['offline_token', 'platform', 'scope', 'service', 'tag', 'fromImage', 'repo', 'filters', 'all'],
]);

/** A request's URL as logs may have it: the values of parameters that are not known to be harmless are left out. */
export function loggableUrl(url: string): string {
  const [path = '', ...query] = url.split('?');
  if (query.length === 0) return path;
  const shown = query
    .join('?')
    .split('&')
    .map((part) => {
      const name = part.split('=', 1)[0] ?? '';
      return HARMLESS.has(name) || !part.includes('=') ? part : `${name}=***`;
    });
  return `${path}?${shown.join('&')}`;
}
