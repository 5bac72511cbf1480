// JSON.stringify leaves these two as they are, Go's encoder never does.
const LINE_SEPARATORS = /[\u2028\u2029]/g;

/** Documents as `docker inspect` prints them: one array, indented by four spaces or on one line. */
export function formatDocuments(
  documents: readonly unknown[],
  { indented }: { readonly indented: boolean },
): string {
  const text = JSON.stringify(documents, null, indented ? 4 : 0);
  return `${text.replace(LINE_SEPARATORS, (char) => `\\u${char.charCodeAt(0).toString(16)}`)}\n`;
}
