import type { BuildRequest } from '@wherry/core';
import type { CommandContext } from '../../../command.ts';
import { CommandError } from '../../../errors.ts';
import type { Flags } from '../../../flags.ts';
import { pairsOf, someOf } from '../../flag-value.ts';
import { proxyVariables } from '../../proxy-variables.ts';
import { asksForContentTrust } from '../../registry/content-trust.ts';
import { cacheFromFlags, cacheToFlags } from './cache-flags.ts';
import { badFlag } from './fields.ts';
import { annotationFlags, buildArgFlags, epochOf, platformFlags, tagFlags } from './image-flags.ts';
import { contextOf, dockerfileFlag, namedContexts, secretFlags, sshFlags } from './input-flags.ts';
import { buildLimits } from './limit-flags.ts';
import { outputFlags } from './output-flags.ts';
import { refuseImpossible } from './refusals.ts';

const COMPRESSIONS = ['gzip', 'zstd', 'none'] as const;

/**
 * What a command line of `build` asks for. Throws `FlagError` for a value that does not fit its flag, `CommandError`
 * in Docker's words, `INVALID_PLATFORM`.
 */
export async function buildRequest(context: CommandContext): Promise<BuildRequest> {
  const { args, flags, io } = context;
  const tags = tagFlags(flags);
  refuseImpossible(flags);
  const buildArgs = { ...(await proxyVariables(context)), ...buildArgFlags(flags, io.env) };
  const target = flags.string('target');
  const settled: Omit<BuildRequest, 'context'> = {
    ...someOf('tags', tags),
    ...{ buildArgs, labels: pairsOf(flags.list('label')), namedContexts: namedContexts(flags) },
    ...someOf('annotations', annotationFlags(flags)),
    ...someOf('platforms', platformFlags(flags, io.env)),
    ...(target && { target }),
    ...cacheFlags(flags),
    ...someOf('secrets', secretFlags(flags, io.env)),
    ...someOf('sshAgents', sshFlags(flags)),
    ...(await runFlags(flags)),
    ...someOf('outputs', outputFlags(flags, tags, io)),
    ...compressionFlag(flags),
    ...epochOf(buildArgs, io.env),
    ...(flags.bool('pull') && { pull: true }),
    ...(asksForContentTrust(flags, io.env) && { verify: true }),
    ...(flags.bool('squash') && { squash: true }),
    ...(flags.bool('explain') && { explain: true }),
    ...(isCheck(flags) && { check: true }),
  };
  const source = await contextOf(args[0] ?? '', io);
  return { context: source, ...dockerfileFlag(flags, source, io), ...settled };
}

/** Whether the Dockerfile is only looked at. */
export function isCheck(flags: Flags): boolean {
  return flags.bool('check') || flags.string('call') === 'check';
}

function cacheFlags(flags: Flags): Partial<BuildRequest> {
  return {
    ...(flags.bool('no-cache') && { noCache: true }),
    ...someOf('noCacheFilter', flags.strings('no-cache-filter')),
    ...someOf('cacheFrom', cacheFromFlags(flags)),
    ...someOf('cacheTo', cacheToFlags(flags)),
  };
}

async function runFlags(flags: Flags): Promise<Partial<BuildRequest>> {
  const network = flags.string('network') ?? 'default';
  if (network !== 'default' && network !== 'host' && network !== 'none')
    throw new CommandError(`network ${network} is not offered: use --network host, or --network none`);
  return {
    ...(network !== 'default' && { network }),
    ...someOf('extraHosts', flags.list('add-host').map(hostOf)),
    ...(await buildLimits(flags)),
  };
}

/** `host:address`, or `host=address`, whose address may stand in brackets. docker/cli, `opts.ValidateExtraHost`. */
function hostOf(text: string): string {
  const [, name = '', address = ''] = /^([^:=]+)[:=](.+)$/s.exec(text) ?? [];
  if (name === '' || address === '') throw badFlag(text, '--add-host', `bad format for add-host: "${text}"`);
  return `${name}:${address.replace(/^\[(.*)\]$/, '$1')}`;
}

function compressionFlag(flags: Flags): Partial<BuildRequest> {
  const text = flags.string('compression');
  if (text === undefined) return {};
  const compression = COMPRESSIONS.find((known) => known === text);
  if (compression === undefined) throw badFlag(text, '--compression', 'use gzip, zstd or none');
  return { compression };
}
