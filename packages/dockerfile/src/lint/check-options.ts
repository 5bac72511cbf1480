import { trim } from '../characters.ts';
import { DockerfileError } from '../errors.ts';
import { quote } from '../quote.ts';

/** What `# check=` says. BK reference, "check". */
export interface CheckOptions {
  /** The rules whose findings do not count, or all of them. Experimental ones are not among them. */
  readonly skip: 'all' | ReadonlySet<string>;
  /** The experimental rules whose findings count. */
  readonly experimental: 'all' | ReadonlySet<string>;
  /** Findings fail the build. */
  readonly isError: boolean;
}

const MAX_PARTS = 3;
const TRUE: readonly string[] = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE: readonly string[] = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

/** Reads `skip=A,B;error=true;experimental=all`. Throws `DockerfileError` of the kind `syntax`. */
export function parseCheckOptions(text = ''): CheckOptions {
  let skip: CheckOptions['skip'] = new Set<string>();
  let experimental: CheckOptions['experimental'] = new Set<string>();
  let isError = false;
  for (const part of trim(text) === '' ? [] : splitParts(text)) {
    const separator = part.indexOf('=');
    if (separator < 0) throw invalid(`invalid check option ${quote(part)}`);
    const key = trim(part.slice(0, separator));
    const value = trim(part.slice(separator + 1));
    if (key === 'skip') skip = ruleNames(value);
    else if (key === 'experimental') experimental = ruleNames(value);
    else if (key === 'error') isError = parseError(value, part);
    else throw invalid(`invalid check option ${quote(key)}`);
  }
  return { skip, experimental, isError };
}

/** What stands behind the last separator that counts belongs to the last part. */
function splitParts(text: string): readonly string[] {
  const parts = trim(text).split(';');
  return [
    ...parts.slice(0, MAX_PARTS - 1),
    ...(parts.length < MAX_PARTS ? [] : [parts.slice(MAX_PARTS - 1).join(';')]),
  ];
}

function ruleNames(value: string): 'all' | ReadonlySet<string> {
  return value === 'all' ? 'all' : new Set(value.split(',').map(trim));
}

function parseError(value: string, part: string): boolean {
  if (TRUE.includes(value)) return true;
  if (FALSE.includes(value)) return false;
  const reason = `strconv.ParseBool: parsing ${quote(value)}: invalid syntax`;
  throw invalid(`failed to parse check option ${quote(part)}: ${reason}`);
}

function invalid(message: string): DockerfileError {
  return new DockerfileError('syntax', message);
}
