import { readFile, stat } from 'node:fs/promises';
import { isErrno, WherryError } from '../../../errors.ts';
import type { BuildRequest } from '../../build-request.ts';

/** A secret is to be a password or a key; Docker takes no more either. */
const MAX_SECRET_BYTES = 500 * 1024;

/** What steps may see, by ID. */
export interface BuildSecrets {
  readonly secret: (id: string) => Promise<Uint8Array | undefined>;
  /** The socket of an agent. */
  readonly agent: (id: string) => Promise<string | undefined>;
}

/** The secrets and agents of a build, read when a step asks. Throws `FILE_NOT_FOUND`, `TOO_LARGE`. */
export function buildSecrets(
  { secrets = [], sshAgents = [] }: BuildRequest,
  env: Readonly<Record<string, string | undefined>>,
): BuildSecrets {
  return {
    secret: async (id) => {
      const found = secrets.find((each) => each.id === id);
      if (found === undefined) return undefined;
      if (found.from.kind === 'env') {
        const value = env[found.from.name];
        return value === undefined ? undefined : new TextEncoder().encode(value);
      }
      return await readSecret(found.from.path);
    },
    agent: async (id) => {
      const found = sshAgents.find((each) => each.id === id);
      if (found === undefined) return undefined;
      const [path = env.SSH_AUTH_SOCK, ...more] = found.paths;
      if (path === undefined)
        throw new WherryError('INVALID_ARGUMENT', `no agent for --ssh ${id}: SSH_AUTH_SOCK is not set`);
      if (more.length === 0 && (await isSocket(path))) return path;
      throw new WherryError('UNSUPPORTED', `--ssh ${id}: ${path} is no agent's socket`, {
        hint: 'load the key into an agent: ssh-agent, then ssh-add',
      });
    },
  };
}

async function readSecret(path: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(path);
    if (bytes.length <= MAX_SECRET_BYTES) return bytes;
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) throw error;
    throw new WherryError('FILE_NOT_FOUND', `failed to read secret ${path}: no such file`, { cause: error });
  }
  throw new WherryError('TOO_LARGE', `secret ${path} is larger than ${MAX_SECRET_BYTES} bytes`);
}

async function isSocket(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isSocket();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}
