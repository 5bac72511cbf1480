/**
 * What stands on a terminal after a program wrote `output`: its lines, without spaces at their ends. Knows what
 * progress bars use: up, down, erase the line or all that follows, return; colours are passed over.
 */
export function screenAfter(output: string): string[] {
  const lines: string[] = [''];
  let row = 0;
  let column = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's control characters
  for (const [token, count, action] of output.matchAll(/\x1b\[([\d;]*)([A-Za-z])|[\s\S]/g)) {
    if (action === 'A') row = Math.max(0, row - Number(count || 1));
    else if (action === 'B') row += Number(count || 1);
    else if (action === 'K') lines[row] = '';
    else if (action === 'J') lines.splice(row, lines.length, (lines[row] ?? '').slice(0, column));
    else if (token === '\r') column = 0;
    else if (token === '\n') row++;
    else if (action === undefined) {
      const line = (lines[row] ?? '').padEnd(column);
      lines[row] = line.slice(0, column) + token + line.slice(column + 1);
      column++;
    }
    while (lines.length <= row) lines.push('');
    // A terminal takes a program's line feed for a new line.
    if (token === '\n') column = 0;
  }
  return lines.map((line) => line.trimEnd());
}
