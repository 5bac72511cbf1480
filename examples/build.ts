// Builds an image of a directory's files, with a Dockerfile that is not among them, and tells of each step.
// node examples/build.ts DIRECTORY team/site:1.0
import { type BuildEvent, openEngine, parseReference } from '@wherry/core';

const [path = '.', name = 'team/site:1.0'] = process.argv.slice(2);
const dockerfile = `FROM scratch
ARG OWNER=nobody
COPY . /site/
LABEL owner=$OWNER
`;

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

function show(event: BuildEvent): void {
  if (event.kind === 'build-step') console.log(`${event.step.number}/${event.step.total} ${event.step.text}`);
  else if (event.kind === 'build-step-cached') console.log('  as in an earlier build');
  else if (event.kind === 'build-output') process.stdout.write(event.chunk);
  else if (event.kind === 'build-warning') console.error(event.message);
}

await using engine = openEngine();
const { id } = await engine.build(
  {
    context: { kind: 'directory', path },
    dockerfile: { kind: 'stream', source: bytesOf(dockerfile) },
    tags: [parseReference(name)],
    buildArgs: { OWNER: 'ada' },
  },
  { onBuildEvent: show },
);
console.log(`${name} is ${id}`);
