import type { CommandContext } from '../../command.ts';

/** Where the service keeps its accounts and tokens, by the command's flags. */
export async function servicePlaces({ flags, globals, io }: CommandContext) {
  const [{ storeRoot }, { accessPlaces }] = await Promise.all([
    import('@wherry/core'),
    import('@wherry/server'),
  ]);
  const settings = flags.has('access') ? flags.string('access') : undefined;
  return accessPlaces(storeRoot(globals.string('root'), io.env), settings);
}
