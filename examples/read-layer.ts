// Reads a layer once, from any source, without a store: its digests and the files in it. But for the file, all
// of it works in a browser too.
// node examples/read-layer.ts layer.tar.gz
import { createReadStream } from 'node:fs';
import { decompressWeb, ingestLayer, loadWasmEngine, readToc } from '@wherry/core/layer';

const path = process.argv[2] ?? 'layer.tar.gz';
const toc: Uint8Array[] = [];

const facts = await ingestLayer(createReadStream(path), {
  ...(await loadWasmEngine()),
  decompress: decompressWeb,
  toc: (chunk) => toc.push(chunk),
});
console.log(`blob   ${facts.digest}, ${facts.size} bytes, ${facts.compression}`);
console.log(`diffID ${facts.diffID}, ${facts.tarSize} bytes`);
for (const { name, type, size } of readToc(Buffer.concat(toc)))
  console.log(`${type}\t${size}\t${Buffer.from(name)}`);
