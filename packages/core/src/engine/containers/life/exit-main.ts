/** The process that clears away after a container that ran in the background. */
import { hostPlatform } from '../../../platform.ts';
import { UserNamespace } from '../../../runtime/namespace/user-namespace.ts';
import { openStore } from '../../store/open-store.ts';
import { containerDeps } from '../open-containers.ts';
import { settle } from './settle.ts';

async function main(root: string, id: string): Promise<void> {
  const store = openStore(root);
  try {
    await settle(containerDeps(store, hostPlatform(process.platform, process.arch)), id);
  } finally {
    store.close();
    await new UserNamespace(root).leave();
  }
}

const [root = '', id = ''] = process.argv.slice(2);
main(root, id).catch(() => {
  // Nobody reads what we would say; the next command that looks at the container settles it.
  process.exitCode = 1;
});
