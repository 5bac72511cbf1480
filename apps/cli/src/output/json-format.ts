/** Tells whether a format makes JSON, one object a line: `json`, or the template that says the same. */
export function isJsonFormat(format: string | undefined): boolean {
  return format === 'json' || (format !== undefined && /^ *\{\{ *json +\. *\}\} *$/.test(format));
}

/**
 * Tells whether a command line that could not be read asks for JSON. What its flags mean is unknown, so the
 * spellings are looked for that can hardly mean anything else.
 */
export function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? undefined : end).some((word, at) => {
    if (word === '--format' || word === '-f') return isJsonFormat(argv[at + 1]);
    const value = /^(?:--format=|-f=?)(.*)$/s.exec(word)?.[1];
    return isJsonFormat(value);
  });
}
