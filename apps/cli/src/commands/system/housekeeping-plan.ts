import type { HousekeepingPlan } from '@wherry/server';
import type { CommandContext } from '../../command.ts';

/** What the service's settings file says, where `--config` names one. */
export async function housekeepingPlan({ flags, io }: CommandContext): Promise<HousekeepingPlan | undefined> {
  const path = flags.string('config');
  if (path === undefined) return undefined;
  const { readHousekeepingPlan } = await import('@wherry/server');
  const warn = (line: string) => void io.stderr.write(`${line}\n`);
  return readHousekeepingPlan({ path, env: io.env }, { warn });
}
