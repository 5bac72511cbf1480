import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { freePort } from '../bench/peers.ts';
import { packNode } from '../scripts/pack-node.ts';
import { tarOf } from './layout.ts';
import { describeWith } from './needs.ts';
import { Sandbox, WHERRY } from './wherry.ts';

const DOCKERFILE = fileURLToPath(new URL('../apps/server/Dockerfile', import.meta.url));
const START_MS = 30_000;

function addressIn(text: string): string {
  const address = /http:\/\/(127\.0\.0\.1:\d+)/.exec(text)?.[1];
  if (address === undefined) throw new Error(`the service has no address yet: ${text}`);
  return address;
}

describeWith({ linux: true, root: true, programs: ['runc', 'ldd'] }, 'the image of the service', () => {
  test('is built by wherry, runs in wherry, and takes a push', async () => {
    using sandbox = new Sandbox();
    const wherry = (...args: string[]) => sandbox.wherry(...args);
    const [node, tiny] = [sandbox.file('node.tar'), sandbox.file('tiny.tar')];
    await packNode(node);
    await wherry('import', node, 'base/node');
    const build = ['build', '-q', '-f', DOCKERFILE, '--build-arg', 'NODE=base/node', '-t', 'wherry-serve'];
    const id = await wherry(...build, dirname(WHERRY));
    expect(await wherry(...build, '--no-cache', dirname(WHERRY))).toBe(id);

    const port = await freePort();
    const settings = sandbox.file('serve.toml');
    const addresses = `["127.0.0.1:${port}", "unix:///var/lib/wherry/sock"]`;
    await writeFile(settings, `[listen]\naddr = ${addresses}\n`);
    const mount = ['-v', `${settings}:/etc/wherry/serve.toml`];
    const service = sandbox.start('run', '--name', 'service', ...mount, 'wherry-serve');
    try {
      const host = await vi.waitFor(() => addressIn(service.stdout), { timeout: START_MS });
      expect((await fetch(`http://${host}/v2/`)).status).toBe(200);
      const config = JSON.parse(await wherry('inspect', '-f', '{{json .Config}}', 'wherry-serve'));
      const [, ...check] = config.Healthcheck.Test as string[];
      expect(await wherry('exec', 'service', ...check)).toBe('ok\n');
      const elsewhere = (addr: string) =>
        sandbox.try('exec', '-e', `WHERRY_SERVE_LISTEN_ADDR=${addr}`, 'service', ...check);
      expect((await elsewhere('unix:///var/lib/wherry/sock')).status).toBe(0);
      expect((await elsewhere(':1')).status).toBe(1);
      await writeFile(tiny, tarOf([{ path: 'tiny', content: 'tiny\n' }]));
      await wherry('import', tiny, `${host}/team/tiny:1`);
      await wherry('push', '-q', `${host}/team/tiny:1`);
      expect(await wherry('tags', `${host}/team/tiny`)).toBe('1\n');
      await wherry('stop', 'service');
      expect((await service.result).status).toBe(0);
    } finally {
      await sandbox.try('rm', '-f', '-v', 'service');
      await service.result;
    }
  });
});
