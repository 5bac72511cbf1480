// Reads a layer once, from any source, without a store: its digests and the files in it.
// node examples/read-layer.ts layer.tar.gz
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { parseDigest } from '@wherry/core';
import { decompressWeb, ingestLayer, readToc } from '@wherry/core/layer';
import { TsTarScanner } from '@wherry/core/tar';

const path = process.argv[2] ?? 'layer.tar.gz';
const toc: Uint8Array[] = [];

function sha256() {
  const hash = createHash('sha256');
  return {
    update: (chunk: Uint8Array) => void hash.update(chunk),
    digest: () => parseDigest(`sha256:${hash.digest('hex')}`),
  };
}

const facts = await ingestLayer(createReadStream(path), {
  createHasher: sha256,
  createScanner: () => new TsTarScanner(),
  // What browsers have too.
  decompress: decompressWeb,
  toc: (chunk) => toc.push(chunk),
});
console.log(`blob   ${facts.digest}, ${facts.size} bytes, ${facts.compression}`);
console.log(`diffID ${facts.diffID}, ${facts.tarSize} bytes`);
for (const { name, type, size } of readToc(Buffer.concat(toc)))
  console.log(`${type}\t${size}\t${Buffer.from(name)}`);
