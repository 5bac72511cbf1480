const HUB_NAMES = new Set(['', 'docker.io', 'index.docker.io', 'https://index.docker.io/v1/']);

/** What Docker calls its Hub in texts and in `config.json`. */
export const HUB_ADDRESS = 'https://index.docker.io/v1/';

/** The host of what the user calls a registry, without scheme and path; `undefined` for Docker Hub. */
export function serverHost(text: string | undefined): string | undefined {
  if (text === undefined || HUB_NAMES.has(text)) return undefined;
  const host = text.replace(/^https?:\/\//, '').replace(/\/.*$/s, '');
  return HUB_NAMES.has(host) ? undefined : host;
}
