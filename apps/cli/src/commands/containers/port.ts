import type { CommandContext } from '../../command.ts';
import { CommandError } from '../../errors.ts';

const MAX_PORT = 65_535;

/** `wherry port`: where the ports of a container are published, which none is. */
export async function run({ args, engine }: CommandContext): Promise<number> {
  const [container = '', asked = ''] = args;
  await (await engine()).containers.inspect(container);
  if (asked === '') return 0;
  requirePort(asked.split('/')[0] ?? '');
  throw new CommandError(`Error: No public port '${asked}' published for ${container}`);
}

/** Go's `strconv.ParseUint` of 16 bits. */
function requirePort(port: string): void {
  const isNumber = /^\d+$/.test(port);
  if (isNumber && Number(port) <= MAX_PORT) return;
  const fault = isNumber ? 'value out of range' : 'invalid syntax';
  throw new CommandError(
    `Error: invalid port (${port}): strconv.ParseUint: parsing ${JSON.stringify(port)}: ${fault}`,
  );
}
