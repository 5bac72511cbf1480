import type { CommandContext } from '../../command.ts';
import { CommandError } from '../../errors.ts';

/** `wherry volume create`: makes a volume and prints its name, also of one that is there already. */
export async function run({ args, engine, flags, io }: CommandContext): Promise<number> {
  const [option] = flags.list('opt');
  if (option !== undefined)
    throw new CommandError(
      `--opt ${option} is not offered: a volume is a directory of the store, for one of the host use -v "$PWD/data:/data"`,
    );
  const [name] = args;
  const { volumes } = await engine();
  const made = await volumes.create({
    ...(name !== undefined && { name }),
    labels: labelsOf(flags.list('label')),
    driver: flags.string('driver') || 'local',
  });
  io.stdout.write(`${made}\n`);
  return 0;
}

function labelsOf(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(text) ?? [];
      if (name === '')
        throw new CommandError(
          `invalid argument ${JSON.stringify(text)} for "--label" flag: invalid label '${text}': empty name`,
        );
      return [name, value];
    }),
  );
}
