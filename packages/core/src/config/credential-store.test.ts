import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { CredentialHelper } from './credential-helper.ts';
import { FileCredentialStore } from './credential-store.ts';

const auth = (name: string) => ({ auth: Buffer.from(`${name}:secret`).toString('base64') });

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'wherry-credentials-'));
});

async function write(path: string, document: object): Promise<void> {
  await mkdir(dirname(join(home, path)), { recursive: true });
  await writeFile(join(home, path), JSON.stringify(document));
}

function store(env: Record<string, string> = {}): FileCredentialStore {
  const options = { env: { PATH: join(home, 'bin'), ...env }, home, dockerConfigDir: join(home, '.docker') };
  return new FileCredentialStore(options);
}

/** A helper that keeps what it was told in a file and logs its calls. */
async function installHelper(suffix: string, script: string): Promise<void> {
  await mkdir(join(home, 'bin'), { recursive: true });
  await writeFile(join(home, 'bin', `docker-credential-${suffix}`), `#!/bin/sh\n${script}\n`, {
    mode: 0o755,
  });
}

const KEEPER = `
PATH=/usr/bin:/bin
cd "$(dirname "$0")"
case "$1" in
  store) cat > kept ;;
  get) if [ -f kept ]; then cat kept; else echo "credentials not found in native keychain"; exit 1; fi ;;
  erase) rm kept 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; } ;;
esac`;

describe('files', () => {
  test('are asked in order: the environment, Docker, Podman', async () => {
    const env = { XDG_RUNTIME_DIR: join(home, 'run') };
    await write('.config/containers/auth.json', { auths: { 'reg.io': auth('config-home') } });
    expect((await store(env).get('reg.io'))?.username).toBe('config-home');
    await write('run/containers/auth.json', { auths: { 'reg.io': auth('runtime') } });
    expect((await store(env).get('reg.io'))?.username).toBe('runtime');
    await write('.docker/config.json', { auths: { 'reg.io': auth('docker') } });
    expect((await store(env).get('reg.io'))?.username).toBe('docker');
    const inline = { ...env, DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { 'reg.io': auth('inline') } }) };
    expect((await store(inline).get('reg.io'))?.username).toBe('inline');
  });

  test('may all be missing', async () => {
    expect(await store().get('reg.io')).toBeUndefined();
    expect(await store().erase('reg.io')).toBe(false);
  });

  test('keep what is stored until it is erased', async () => {
    const path = join(home, '.docker', 'config.json');
    expect(await store().store('reg.io', { username: 'user', password: 'secret' })).toEqual({
      kind: 'file',
      path,
    });
    expect(await store().get('reg.io')).toEqual({ username: 'user', password: 'secret' });
    expect(await store().erase('reg.io')).toBe(true);
    expect(await store().get('reg.io')).toBeUndefined();
  });
});

describe('helpers', () => {
  test('keep the secret out of the file', async () => {
    await installHelper('keeper', KEEPER);
    await write('.docker/config.json', { credsStore: 'keeper' });
    const kept = await store().store('docker.io', { username: 'user', password: 'secret' });
    expect(kept).toEqual({ kind: 'helper', name: 'keeper' });
    expect(JSON.parse(await readFile(join(home, 'bin', 'kept'), 'utf8'))).toEqual({
      ServerURL: 'https://index.docker.io/v1/',
      Username: 'user',
      Secret: 'secret',
    });
    const file = await readFile(join(home, '.docker', 'config.json'), 'utf8');
    expect(JSON.parse(file).auths).toEqual({ 'https://index.docker.io/v1/': {} });
    expect(await store().get('docker.io')).toEqual({ username: 'user', password: 'secret' });
    expect(await store().erase('docker.io')).toBe(true);
    expect(await store().get('docker.io')).toBeUndefined();
  });

  test('of a host come before the one for all', async () => {
    await installHelper('keeper', `echo '{"Username":"<token>","Secret":"refresh"}'`);
    await write('.docker/config.json', { credsStore: 'missing', credHelpers: { 'reg.io': 'keeper' } });
    expect(await store().get('reg.io')).toEqual({ username: '', password: '', identityToken: 'refresh' });
  });

  test('that are missing are told of in the words of Docker', async () => {
    await write('.docker/config.json', { credsStore: 'nosuchhelper' });
    await expect(store().store('127.0.0.1:5056', { username: 'user', password: 'secret' })).rejects.toThrow(
      'error storing credentials - err: exec: "docker-credential-nosuchhelper": executable file not found in $PATH, out: ``',
    );
  });

  test.each([
    {
      name: 'fails',
      script: 'echo "locked"; exit 3',
      message: 'error getting credentials - err: exit status 3, out: `locked`',
    },
    {
      name: 'answers something else',
      script: 'echo secret-in-the-clear',
      message: 'docker-credential-bad: answer is not a JSON object',
    },
  ])('that $name make an error', async ({ script, message }) => {
    await installHelper('bad', script);
    const helper = new CredentialHelper('bad', { env: { PATH: join(home, 'bin') } });
    await expect(helper.get('reg.io')).rejects.toThrow(message);
  });

  test('that do not answer are ended', async () => {
    await installHelper('slow', 'exec /bin/sleep 60');
    const helper = new CredentialHelper('slow', { env: { PATH: join(home, 'bin') }, timeoutMs: 50 });
    await expect(helper.get('reg.io')).rejects.toThrow('no answer within 0.05 seconds');
  });

  test('cannot be named outside of the search path, nor told two lines', async () => {
    expect(() => new CredentialHelper('../evil', { env: {} })).toThrow(
      'invalid credential helper name "../evil"',
    );
    const helper = new CredentialHelper('keeper', { env: {} });
    await expect(helper.get('a\nb')).rejects.toThrow('registry address with a line break');
  });
});
