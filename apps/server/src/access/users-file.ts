import { WherryError } from '@wherry/core';
import { type Accounts, nameProblem, parseHtpasswd, withAccount, withoutAccount } from './htpasswd.ts';
import { changeFile, readIfThere } from './locked-file.ts';
import { hashPassword } from './passwords.ts';

/** Reads a file of accounts; none where there is no file. Throws `INVALID_CONFIG` with line and column. */
export async function readUsers(path: string): Promise<Accounts> {
  return parseHtpasswd((await readIfThere(path)) ?? '', path);
}

/**
 * Adds an account, or gives it another password. Throws `INVALID_ARGUMENT` for a name or password that will not
 * do, `INVALID_CONFIG` for a file that is none of accounts, which then stays as it is.
 */
export async function addUser(path: string, name: string, password: string): Promise<'added' | 'changed'> {
  const problem = nameProblem(name);
  if (problem !== undefined) throw new WherryError('INVALID_ARGUMENT', problem);
  const hash = await hashPassword(password);
  let outcome: 'added' | 'changed' = 'added';
  await changeFile(path, (text = '') => {
    if (parseHtpasswd(text, path).has(name)) outcome = 'changed';
    return withAccount(text, name, hash);
  });
  return outcome;
}

/** Removes an account. Throws `NAME_UNKNOWN` when there is none of the name. */
export async function removeUser(path: string, name: string): Promise<void> {
  await changeFile(path, (text = '') => {
    const left = withoutAccount(text, name);
    if (left === undefined)
      throw new WherryError('NAME_UNKNOWN', `no account ${JSON.stringify(name)} in ${path}`);
    return left;
  });
}
