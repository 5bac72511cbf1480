import { readFlags } from '../flags.ts';
import type { RunInstruction } from '../instruction.ts';
import type { PlacedStatement } from '../lines.ts';
import { quote } from '../quote.ts';
import { badInstruction, baseOf, commandLine } from './arguments.ts';
import { toHeredoc } from './copy.ts';
import { parseMount } from './mount.ts';

const NETWORKS = ['default', 'none', 'host'] as const;
const SECURITY_MODES = ['sandbox', 'insecure'] as const;

export function parseRun(statement: PlacedStatement): RunInstruction {
  const flags = readFlags(statement, { mount: 'list', network: 'text', security: 'text', device: 'list' });
  const networkText = flags.text('network');
  const network = NETWORKS.find((name) => name === networkText);
  if (networkText !== undefined && network === undefined)
    throw badInstruction(`invalid network mode ${quote(networkText)}`);
  const securityText = flags.text('security');
  const security = SECURITY_MODES.find((name) => name === securityText);
  if (securityText !== undefined && security === undefined)
    throw badInstruction(`security ${quote(securityText)} is not valid`);
  const mountTexts = flags.list('mount');
  return {
    ...baseOf(statement),
    kind: 'run',
    command: commandLine(statement),
    heredocs: statement.heredocs.map(toHeredoc),
    mounts: mountTexts.map((text) => parseMount(text)),
    mountTexts,
    ...(network === undefined ? {} : { network }),
    ...(security === undefined ? {} : { security }),
    devices: flags.list('device'),
  };
}
