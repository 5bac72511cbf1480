/** The variables of a config's environment; of a name that comes twice, the last. */
export function environmentOf(env?: readonly string[] | null): Map<string, string> {
  return new Map(
    (env ?? []).map((entry) => {
      const at = entry.indexOf('=');
      return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}
