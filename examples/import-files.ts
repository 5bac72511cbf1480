// Makes an image of files that exist only in memory: writes a tar, and imports it as it is written.
// node examples/import-files.ts hello:1.0
import { openEngine, parseReference } from '@wherry/core';
import { type TarItem, writeTar } from '@wherry/core/tar';

const ref = parseReference(process.argv[2] ?? 'hello:1.0');

function file(name: string, content: string, mode = 0o644): TarItem {
  return { entry: { name, type: 'file', mode }, body: new TextEncoder().encode(content) };
}

await using engine = openEngine();
const { id } = await engine.import({
  from: writeTar([
    { entry: { name: 'etc/', type: 'directory' } },
    file('etc/motd', 'Welcome aboard\n'),
    file('hello', '#!/bin/sh\ncat /etc/motd\n', 0o755),
  ]),
  ref,
  changes: ['CMD ["/hello"]', 'LABEL made.by="an example"'],
  platform: { os: 'linux', architecture: 'amd64' },
});
console.log(id);
