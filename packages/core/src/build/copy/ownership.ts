import { WherryError } from '../../errors.ts';

/** Reads a whole small file of the stage; `undefined`: there is none. */
export type ReadLower = (path: string) => Promise<Uint8Array | undefined>;

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const MAX_ID = 0xffff_fffe;

/**
 * Reads `--chown`: `user[:group]`, names or numbers. Names are looked up in the stage's own files, numbers need none.
 * Without a group it is that of the user's entry, or the number of the user. BK reference, "COPY --chown". Throws
 * `INVALID_ARGUMENT` in Docker's words for what is not there.
 */
export async function parseOwner(chown: string, readLower: ReadLower): Promise<Owner> {
  const [userText = '', groupText, ...others] = chown.split(':');
  if (others.length > 0) throw badOwner(`invalid chown string format: ${chown}`);
  const user = await findUser(userText, readLower);
  if (groupText === undefined) return user;
  return { uid: user.uid, gid: await findGroup(groupText, readLower) };
}

async function findUser(name: string, readLower: ReadLower): Promise<Owner> {
  // `:group` is root's, as BuildKit has it.
  if (name === '') return { uid: 0, gid: 0 };
  const id = parseId(name);
  if (id !== undefined) return { uid: id, gid: id };
  for (const fields of await readRecords('/etc/passwd', readLower)) {
    const uid = parseId(fields[2]);
    const gid = parseId(fields[3]);
    if (fields[0] === name && uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw badOwner(`can't find uid for user ${name}: no such user: ${name}`);
}

async function findGroup(name: string, readLower: ReadLower): Promise<number> {
  const id = parseId(name);
  if (id !== undefined) return id;
  for (const fields of await readRecords('/etc/group', readLower)) {
    const gid = parseId(fields[2]);
    if (fields[0] === name && gid !== undefined) return gid;
  }
  throw badOwner(`can't find gid for group ${name}: no such group: ${name}`);
}

async function readRecords(path: string, readLower: ReadLower): Promise<string[][]> {
  const content = await readLower(path);
  const lines = new TextDecoder().decode(content).split('\n');
  return lines.map((line) => line.trim().split(':'));
}

function parseId(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  return id <= MAX_ID ? id : undefined;
}

function badOwner(fault: string): WherryError {
  return new WherryError(
    'INVALID_ARGUMENT',
    `unable to convert uid/gid chown string to host mapping: ${fault}`,
  );
}
