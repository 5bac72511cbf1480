import { CommandError } from '../errors.ts';

/** More than any password or token has. */
const MAX_PASSWORD_BYTES = 64 * 1024;

/** Reads the password of `--password-stdin`, without the end of its line. Throws `CommandError` for none. */
export async function passwordFromStdin(stdin: AsyncIterable<Uint8Array>): Promise<string> {
  const password = (await readAll(stdin)).replace(/\n$/, '').replace(/\r$/, '');
  if (password === '') throw new CommandError('password is empty');
  return password;
}

async function readAll(stdin: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    size += chunk.length;
    if (size > MAX_PASSWORD_BYTES)
      throw new CommandError(`the password on stdin has more than ${MAX_PASSWORD_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
