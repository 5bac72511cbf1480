import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startWherryServe } from '../bench/peers.ts';
import { describeImage, multiPlatformImage, type SourceImage } from './images.ts';
import { describeWith } from './needs.ts';
import { run, Sandbox, WHERRY } from './wherry.ts';

const sandbox = new Sandbox();
let service: Peer;
let image: SourceImage;

beforeAll(async () => {
  service = await startWherryServe(sandbox.directory('service'), [process.execPath, WHERRY]);
  image = await multiPlatformImage(sandbox.directory('hello'));
});
afterAll(async () => {
  await service.stop();
  sandbox[Symbol.dispose]();
});

const skopeo = (command: string, ...args: string[]) => run('skopeo', '--insecure-policy', command, ...args);

describeWith({ programs: ['skopeo'] }, 'skopeo with wherry serve', () => {
  test('copies, inspects, lists and deletes', async () => {
    const name = `${service.address}/team/hello`;
    for (const tag of ['1', '2'])
      await skopeo('copy', '-q', '--all', '--dest-tls-verify=false', image.oci, `docker://${name}:${tag}`);
    const listed = JSON.parse(await skopeo('list-tags', '--tls-verify=false', `docker://${name}`));
    expect(listed.Tags).toEqual(['1', '2']);
    const { target, id } = await describeImage(image);
    const inspected = JSON.parse(await skopeo('inspect', '--tls-verify=false', `docker://${name}:1`));
    expect(inspected).toMatchObject({ Digest: target, RepoTags: ['1', '2'] });
    const back = join(sandbox.directory('back'), 'oci');
    await skopeo('copy', '-q', '--all', '--src-tls-verify=false', `docker://${name}:2`, `oci:${back}:latest`);
    expect((await describeImage({ ...image, layout: back })).id).toBe(id);
    // It deletes what the tag points to, and so the other tag too.
    await skopeo('delete', '--tls-verify=false', `docker://${name}:1`);
    await expect(skopeo('inspect', '--tls-verify=false', `docker://${name}:2`)).rejects.toThrow(
      'manifest unknown',
    );
  });
});
