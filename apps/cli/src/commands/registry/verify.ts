import { createReadStream } from 'node:fs';
import {
  collect,
  type Engine,
  hostPlatform,
  isWherryError,
  type NamedKey,
  parsePlatform,
  parseReference,
  type VerifyRequest,
  WherryError,
} from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError, fileError, plainly } from '../../errors.ts';
import { FAILURE_EXIT_CODE } from '../../exit-codes.ts';
import type { Flags } from '../../flags.ts';
import { describeVerified, refusalText, verificationJson } from '../../output/verification.ts';

const JSON_FORMAT = 'json';
/** More than any key's: what is larger is read no further. */
const READ_KEY_BYTES = 128 * 1024;

/** `wherry verify`: whether each image is signed by one of the keys; what is not is told at the end. */
export async function run({ args, complain, engine, flags, io, signal }: CommandContext): Promise<number> {
  const refs = await plainly(() => args.map((arg) => parseReference(arg)));
  const isJson = wantsJson(flags);
  const options = await requestOptions(flags);
  const opened: Engine = await engine();
  const faults: WherryError[] = [];
  for (const ref of refs)
    try {
      const result = await opened.verify({ ref, ...options }, { signal });
      if (isJson) io.stdout.write(verificationJson(result));
      else if (result.isVerified) io.stdout.write(describeVerified(result));
      if (!result.isVerified) faults.push(new WherryError('NOT_TRUSTED', refusalText(result)));
    } catch (error) {
      if (!isWherryError(error) || error.kind === 'cancelled') throw error;
      faults.push(error);
    }
  for (const fault of faults) complain(fault, linesOf(fault));
  return faults.length === 0 ? 0 : FAILURE_EXIT_CODE;
}

function linesOf({ message, hint }: WherryError): string {
  return `Error: ${message}${hint === undefined ? '' : `\n${hint}`}`;
}

function wantsJson(flags: Flags): boolean {
  const format = flags.string('format') ?? '';
  if (format !== '' && format !== JSON_FORMAT)
    throw new CommandError(`--format is ${JSON.stringify(format)}, want ${JSON_FORMAT}`);
  return format === JSON_FORMAT;
}

async function requestOptions(flags: Flags): Promise<Omit<VerifyRequest, 'ref'>> {
  const platform = flags.string('platform') ?? '';
  const host = hostPlatform(process.platform, process.arch);
  return {
    ...(flags.changed('key') ? { keys: await Promise.all(flags.list('key').map(readKey)) } : {}),
    // Not the environment's: what is signed is the index, and nobody would ask for less by accident.
    ...(platform === '' ? {} : { platform: await plainly(() => parsePlatform(platform, host)) }),
  };
}

async function readKey(path: string): Promise<NamedKey> {
  try {
    const bytes = await collect(createReadStream(path, { end: READ_KEY_BYTES - 1 }), READ_KEY_BYTES);
    return { name: path, pem: Buffer.from(bytes).toString('utf8') };
  } catch (error) {
    throw fileError(error, 'open', path);
  }
}
