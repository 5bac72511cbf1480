// Tells failures apart: by code where one matters, by kind for the rest. Texts are for people.
// node examples/handle-errors.ts 127.0.0.1:5000/team/nosuch
import { isWherryError, openEngine, parseReference } from '@wherry/core';

const name = process.argv[2] ?? '127.0.0.1:5000/team/nosuch';

await using engine = openEngine();
try {
  await engine.pull({ ref: parseReference(name) });
  console.log(`${name}: pulled`);
} catch (error) {
  if (isWherryError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN'))
    console.log(`${name}: there is no such image`);
  else if (isWherryError(error, 'UNAUTHORIZED', 'DENIED')) console.log(`${name}: log in first`);
  else if (isWherryError(error) && error.kind === 'unavailable') console.log(`${name}: try again later`);
  else throw error;
  console.log(`${error.code}: ${error.message}`);
  if (error.hint) console.log(error.hint);
  process.exitCode = 1;
}
