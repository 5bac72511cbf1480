import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from './needs.ts';
import { type RunningProgram, Sandbox } from './wherry.ts';

const MIB = 1 << 20;
const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';

const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

describeWith(
  { programs: ['curl', 'mount', 'umount'], root: true, linux: true },
  'a service whose disk is full',
  () => {
    const sandbox = new Sandbox();
    const disk = sandbox.directory('disk');
    const root = join(disk, 'store');
    const ballast = join(disk, 'ballast');
    let service: RunningProgram;
    let url: string;

    beforeAll(async () => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'small', disk]);
      service = sandbox.start('--root', root, 'serve', '--addr', '127.0.0.1:0');
      const [line] = await once(createInterface({ input: service.child.stdout! }), 'line');
      url = /http:\S+/.exec(String(line))![0];
    });
    afterAll(async () => {
      service?.child.kill('SIGTERM');
      await service?.result;
      execFileSync('umount', ['-l', disk]);
      sandbox[Symbol.dispose]();
    });

    /** Sends a body as clients do that hear an answer while they still send. */
    const send = (method: string, address: string, bytes: Uint8Array) => {
      const file = sandbox.file('body');
      writeFileSync(file, bytes);
      const data = ['-H', 'content-type: application/octet-stream', '--data-binary', `@${file}`];
      const told = execFileSync('curl', ['-s', '-X', method, '-w', '\n%{http_code}', ...data, address], {
        encoding: 'utf8',
      });
      const [text = '', status] = told.split('\n');
      return { status: Number(status), text };
    };
    const post = (bytes: Uint8Array) =>
      send('POST', `${url}/v2/app/blobs/uploads/?digest=${digestOf(bytes)}`, bytes);
    const get = async (bytes: Uint8Array) => {
      const answer = await fetch(`${url}/v2/app/blobs/${digestOf(bytes)}`);
      return digestOf(new Uint8Array(await answer.arrayBuffer()));
    };
    const put = (text: string) =>
      fetch(`${url}/v2/app/manifests/${text}`, {
        method: 'PUT',
        headers: { 'content-type': INDEX_TYPE },
        body: JSON.stringify({
          schemaVersion: 2,
          mediaType: INDEX_TYPE,
          manifests: [],
          annotations: { text },
        }),
      });

    test('says so in the middle of an upload, answers others, and goes on once there is room', async () => {
      const [small, large] = [Buffer.alloc(MIB, 1), Buffer.alloc(10 * MIB, 2)];
      expect(post(small).status).toBe(201);
      expect((await put('before')).status).toBe(201);
      writeFileSync(ballast, Buffer.alloc(16 * MIB));

      const refused = post(large);
      expect(refused.status).toBe(507);
      expect(JSON.parse(refused.text)).toEqual({
        errors: [
          {
            code: 'UNKNOWN',
            message: expect.stringMatching(/no space left on device$/),
            detail: expect.anything(),
          },
        ],
      });
      const session = await fetch(`${url}/v2/app/blobs/uploads/`, { method: 'POST' });
      expect(session.status).toBe(202);
      const location = new URL(session.headers.get('location')!, url);
      expect(send('PATCH', location.href, large).status).toBe(507);
      expect(await get(small)).toBe(digestOf(small));
      expect(await (await fetch(`${url}/v2/app/tags/list`)).json()).toMatchObject({ tags: ['before'] });

      rmSync(ballast);
      await fetch(location, { method: 'DELETE' });
      expect(post(large).status).toBe(201);
      expect(await get(large)).toBe(digestOf(large));
      expect((await put('after')).status).toBe(201);
      expect(service.child.exitCode).toBeNull();
      expect(await sandbox.at(root, 'system', 'check')).toContain('no faults');
    });
  },
);
