// Pulls an image with progress, then lists what the store has. Ctrl-C stops; the next run goes on from there.
// node examples/pull-and-list.ts ubuntu:24.04
import { familiarName, openEngine, type ProgressEvent, parseReference, withDefaultTag } from '@wherry/core';

const ref = withDefaultTag(parseReference(process.argv[2] ?? 'ubuntu:24.04'));
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

function show(event: ProgressEvent): void {
  if (event.kind === 'resolved') console.log(`${familiarName(event.ref)} is ${event.target.digest}`);
  else if (event.kind === 'warning') console.error(event.message);
  else if (event.kind === 'layer' && event.phase === 'downloading' && event.resumedFrom)
    console.log(`${event.digest}: goes on at byte ${event.resumedFrom}`);
  else if (event.kind === 'layer' && ['exists', 'done'].includes(event.phase))
    console.log(`${event.digest}: ${event.phase}`);
}

await using engine = openEngine();
const { status, imageId } = await engine.pull({ ref }, { signal: stop.signal, onProgress: show });
console.log(`${status}: ${imageId}`);
for (const image of await engine.images())
  for (const name of image.repoTags)
    console.log(`${name}\t${image.platform.architecture}\t${image.size} bytes`);
