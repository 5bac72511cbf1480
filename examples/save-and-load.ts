// Saves an image to a file that `docker load` reads too, then loads the file into another store.
// node examples/save-and-load.ts hello:1.0 hello.tar other-store
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { familiarName, openEngine } from '@wherry/core';

const [image = 'hello:1.0', path = 'hello.tar', root = 'other-store'] = process.argv.slice(2);

await using engine = openEngine();
await pipeline(engine.save({ images: [image] }), createWriteStream(path));

await using other = openEngine({ root });
for (const { ref, id } of await other.load({ from: path }))
  console.log(`${ref ? familiarName(ref) : 'no name'}: ${id}`);
