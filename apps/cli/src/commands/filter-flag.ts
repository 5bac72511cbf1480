/** The values of each name in `--filter name=value`, given any number of times. Names count in lower case. */
export function readFilters(texts: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const filters = new Map<string, string[]>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    const name = text
      .slice(0, equals < 0 ? undefined : equals)
      .trim()
      .toLowerCase();
    filters.set(name, [...(filters.get(name) ?? []), equals < 0 ? '' : text.slice(equals + 1).trim()]);
  }
  return Object.fromEntries(filters);
}
