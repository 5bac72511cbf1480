import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Result, type Sandbox, tryRun } from '../wherry.ts';
import type { Client } from './client.ts';

/** umoci knows layouts alone: skopeo fetches what it unpacks, and sends what it has packed. */
export function umociClient(sandbox: Sandbox, layout: string): Client {
  const inTurn = async (...commands: readonly (readonly string[])[]): Promise<Result> => {
    let result: Result | undefined;
    for (const [program = '', ...args] of commands) {
      result = await tryRun({ env: sandbox.environment }, program, ...args);
      if (result.status !== 0) break;
    }
    if (result === undefined) throw new Error('no command');
    return result;
  };
  const bundle = () => join(sandbox.directory('umoci'), 'bundle');
  return {
    name: 'umoci',
    pull: (reference) => {
      const fetched = join(sandbox.directory('fetched'), 'layout');
      return inTurn(
        ['skopeo', 'copy', '--src-tls-verify=false', `docker://${reference}`, `oci:${fetched}:latest`],
        ['umoci', 'unpack', '--image', `${fetched}:latest`, bundle()],
      );
    },
    push: async (reference) => {
      const unpacked = bundle();
      const before = await inTurn(['umoci', 'unpack', '--image', `${layout}:latest`, unpacked]);
      if (before.status !== 0) return before;
      await writeFile(join(unpacked, 'rootfs', 'added'), 'by umoci\n');
      return inTurn(
        ['umoci', 'repack', '--image', `${layout}:packed`, unpacked],
        ['skopeo', 'copy', '--dest-tls-verify=false', `oci:${layout}:packed`, `docker://${reference}`],
      );
    },
  };
}
