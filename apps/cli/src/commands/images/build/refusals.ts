import { CommandError } from '../../../errors.ts';
import type { Flags } from '../../../flags.ts';
import { Fields } from './fields.ts';

const NO_ATTESTATIONS =
  'is not offered: wherry makes no attestations, sign and attest with cosign after the push';

/** Throws a `CommandError`, one line, for what is asked for in vain. */
export function refuseImpossible(flags: Flags): void {
  for (const name of ['provenance', 'sbom'])
    if (!isNone(flags.string(name))) throw new CommandError(`--${name} ${NO_ATTESTATIONS}`);
  for (const text of flags.list('attest')) {
    const fields = new Fields(text, '--attest');
    fields.take('type');
    if (!fields.takeBool('disabled')) throw new CommandError(`--attest ${NO_ATTESTATIONS}`);
  }
  if (!flags.bool('rm'))
    throw new CommandError(
      '--rm=false is not offered: a step leaves no container; run the image before it with "wherry run"',
    );
  const isolation = flags.string('isolation');
  if (isolation && isolation !== 'default')
    throw new CommandError(`Invalid isolation: ${JSON.stringify(isolation)} - linux only supports 'default'`);
  const call = flags.string('call') ?? 'build';
  if (call !== 'build' && call !== 'check')
    throw new CommandError(`--call ${call} is not offered: use --call build, or --call check`);
}

function isNone(text: string | undefined): boolean {
  return text === undefined || /^(?:0|f|false)$/i.test(text) || text === 'disabled=true';
}
