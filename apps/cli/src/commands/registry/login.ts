import { type Engine, isWherryError, type LoginRequest, type LoginResult } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError, plain } from '../../errors.ts';
import type { Flags } from '../../flags.ts';
import { passwordFromStdin } from '../../output/password.ts';
import { prompt } from '../../output/prompt.ts';
import { serverHost } from './server-name.ts';

/** `wherry login`: checks credentials with the registry, then keeps them. */
export async function run(context: CommandContext): Promise<number> {
  const { args, flags, signal } = context;
  const host = serverHost(args[0]);
  requireLoginFlags(flags);
  const username = flags.string('username') ?? '';
  const password = await givenPassword(context);
  const engine = await context.engine();
  if (username === '' && password === undefined && (await loginAgain(context, engine, host))) return 0;
  const request = { ...serverOf(host), ...(await complete(context, username, password)) };
  const before = await storedQuietly(engine, host);
  const result = await keep(engine, request, signal);
  const after = await storedQuietly(engine, host);
  // A helper keeps secrets safe, and a token that the registry gave is no password.
  const isKnown = before?.username === request.username && before.password === request.password;
  if (result.storedIn.kind === 'file' && after?.password !== '' && !isKnown)
    warnUnencrypted(context, result.storedIn.path);
  context.io.stdout.write('Login Succeeded\n');
  return 0;
}

function serverOf(host: string | undefined): { readonly server?: string } {
  return host === undefined ? {} : { server: host };
}

/** Tries what is stored; false: there is nothing, or it is refused and there is someone to ask. */
async function loginAgain(
  context: CommandContext,
  engine: Engine,
  host: string | undefined,
): Promise<boolean> {
  const { io, signal } = context;
  const stored = await engine.storedLogin(host);
  if (stored === undefined || (stored.password === '' && stored.identityToken === undefined)) return false;
  announceStored(context, stored.username);
  try {
    await engine.login({ ...serverOf(host), ...stored }, { signal });
  } catch (error) {
    if (!isWherryError(error, 'UNAUTHORIZED') || !io.stdin.isTTY) throw error;
    io.stderr.write(`Login did not succeed, error: ${error.message}\n`);
    return false;
  }
  io.stdout.write('Login Succeeded\n');
  return true;
}

async function keep(engine: Engine, request: LoginRequest, signal: AbortSignal): Promise<LoginResult> {
  try {
    return await engine.login(request, { signal });
  } catch (error) {
    // The registry has accepted the credentials: it is the credential helper that has not.
    if (isWherryError(error, 'INTERNAL')) throw plain(error, 'Error saving credentials: ');
    throw error;
  }
}

/** What is stored decides no more than whether a warning is due: not to know is no failure. */
async function storedQuietly(engine: Engine, host: string | undefined): ReturnType<Engine['storedLogin']> {
  try {
    return await engine.storedLogin(host);
  } catch (error) {
    if (isWherryError(error)) return undefined;
    throw error;
  }
}

/** docker/cli, `verifyLoginFlags`. */
function requireLoginFlags(flags: Flags): void {
  if (flags.bool('password-stdin') && flags.changed('password'))
    throw new CommandError('conflicting options: cannot specify both --password and --password-stdin');
  if (flags.bool('password-stdin') && !flags.changed('username'))
    throw new CommandError('the --password-stdin option requires --username to be set');
  for (const name of ['username', 'password'])
    if (flags.changed(name) && flags.string(name) === '') throw new CommandError(`${name} is empty`);
}

/** The password that the flags give, if they do. */
async function givenPassword({ flags, io }: CommandContext): Promise<string | undefined> {
  if (flags.changed('password')) {
    io.stderr.write('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
    return flags.string('password');
  }
  if (!flags.bool('password-stdin')) return undefined;
  return passwordFromStdin(io.stdin);
}

/** Asks for what is missing. */
async function complete(
  { io, signal }: CommandContext,
  username: string,
  password: string | undefined,
): Promise<{ readonly username: string; readonly password: string }> {
  if (username !== '' && password !== undefined) return { username, password };
  if (!io.stdin.isTTY)
    throw new CommandError('Error: Cannot perform an interactive login from a non TTY device');
  const answeredName = username === '' ? (await prompt(io, 'Username: ', { signal })).trim() : username;
  if (answeredName === '') throw new CommandError('Error: Non-null Username Required');
  const answered = password ?? (await prompt(io, 'Password: ', { hidden: true, signal }));
  if (answered === '') throw new CommandError('Error: Password Required');
  return { username: answeredName, password: answered };
}

function announceStored({ io }: CommandContext, username: string): void {
  const advice = "To login with a different account, run 'wherry logout' followed by 'wherry login'";
  const info =
    io.stderr.isTTY && !io.env.NO_COLOR
      ? `\x1b[1m\x1b[106m\x1b[30mi\x1b[0m\x1b[0m \x1b[96mInfo → \x1b[0m\x1b[0m\x1b[3m${advice}\x1b[0m`
      : ` Info -> ${advice}`;
  io.stderr.write(`Authenticating with existing credentials... [Username: ${username}]\n\n${info}\n\n\n`);
}

function warnUnencrypted({ io }: CommandContext, path: string): void {
  io.stderr.write(
    `\nWARNING! Your credentials are stored unencrypted in '${path}'.\n` +
      'Configure a credential helper to remove this warning. See\n' +
      'https://docs.docker.com/go/credential-store/\n\n',
  );
}
