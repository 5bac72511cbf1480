import { storeRoot } from '@wherry/core';
import type { CommandContext } from '../../command.ts';

/** Where the service keeps its accounts and tokens, by the command's flags. */
export async function servicePlaces({ flags, globals, io }: CommandContext) {
  const { accessPlaces, settingsFileWith } = await import('@wherry/server');
  const given = flags.has('access') ? flags.string('access') : undefined;
  const settings = given ?? (await settingsFileWith('access', { env: io.env }));
  return accessPlaces(storeRoot(globals.string('root'), io.env), settings, io.env);
}
