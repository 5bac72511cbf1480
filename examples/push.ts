// Gives an image a name in a registry and pushes it. Credentials are those of `wherry login` or `docker login`.
// node examples/push.ts hello:1.0 127.0.0.1:5000/team/hello:1.0
import { openEngine, parseReference, withDefaultTag } from '@wherry/core';

const [source = 'hello:1.0', name = '127.0.0.1:5000/team/hello:1.0'] = process.argv.slice(2);
const target = withDefaultTag(parseReference(name));

await using engine = openEngine();
await engine.tag({ source, target });
const pushed = await engine.push(
  { ref: target },
  {
    onProgress: (event) => {
      if (event.kind === 'layer' && event.current === undefined) console.log(event.digest, event.phase);
    },
  },
);
console.log(`${name}: ${pushed.target.digest}, ${pushed.target.size} bytes`);
