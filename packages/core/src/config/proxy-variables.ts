import { type DockerSettingOptions, readDockerSetting } from './docker-setting.ts';

const VARIABLES = {
  httpProxy: 'HTTP_PROXY',
  httpsProxy: 'HTTPS_PROXY',
  noProxy: 'NO_PROXY',
  ftpProxy: 'FTP_PROXY',
  allProxy: 'ALL_PROXY',
} as const;

/**
 * Reads `proxies.default` of Docker's `config.json` as the variables that containers and builds get, each in
 * capitals and in small letters. Throws `INVALID_CONFIG` when a file that has `proxies` cannot be used.
 * CLI `configfile/file.go`, `ParseProxyConfig`.
 */
export async function readProxyVariables(
  options: DockerSettingOptions,
): Promise<Readonly<Record<string, string>>> {
  const fields = await readDockerSetting(options, 'proxies');
  const settings = fields?.object('proxies').object('default');
  const variables: Record<string, string> = {};
  for (const [key, name] of Object.entries(VARIABLES)) {
    const value = settings?.string(key);
    if (value) Object.assign(variables, { [name]: value, [name.toLowerCase()]: value });
  }
  return variables;
}
