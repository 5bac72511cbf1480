/** The fields of one line of comma separated values, or why they cannot be read, in the words of Go's `csv`. */
export type CsvResult = { readonly fields: readonly string[] } | { readonly problem: string };

export function parseCsvLine(line: string): CsvResult {
  if (line === '') return { problem: 'EOF' };
  const fields: string[] = [];
  for (let at = 0; ; at++) {
    const field = line[at] === '"' ? quotedField(line, at) : plainField(line, at);
    if ('problem' in field) return field;
    fields.push(field.value);
    at = field.end;
    if (at >= line.length) return { fields };
  }
}

type Field = { readonly value: string; readonly end: number } | { readonly problem: string };

function plainField(line: string, start: number): Field {
  const comma = line.indexOf(',', start);
  const end = comma < 0 ? line.length : comma;
  const value = line.slice(start, end);
  const mark = value.indexOf('"');
  if (mark >= 0) return problem(start + mark, 'bare " in non-quoted field');
  return { value, end };
}

/** A mark in it is written twice. */
function quotedField(line: string, start: number): Field {
  let value = '';
  for (let at = start + 1; ; ) {
    const mark = line.indexOf('"', at);
    if (mark < 0) return problem(line.length, 'extraneous or missing " in quoted-field');
    value += line.slice(at, mark);
    const next = line[mark + 1];
    if (next === undefined || next === ',') return { value, end: mark + 1 };
    if (next !== '"') return problem(mark, 'extraneous or missing " in quoted-field');
    value += next;
    at = mark + 2;
  }
}

function problem(offset: number, text: string): Field {
  return { problem: `parse error on line 1, column ${offset + 1}: ${text}` };
}
