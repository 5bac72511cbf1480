// Takes image names apart, and says them in both of their forms. Needs no store and no network.
// node examples/read-reference.ts ubuntu ghcr.io/org/app:1.2
import { familiarName, formatReference, parseReference, withDefaultTag } from '@wherry/core/reference';

for (const text of process.argv.slice(2)) {
  const ref = withDefaultTag(parseReference(text));
  console.log(`${text}: registry ${ref.domain}, repository ${ref.path}, tag ${ref.tag ?? 'none'}`);
  console.log(`  in full ${formatReference(ref)}, for people ${familiarName(ref)}`);
}
