import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { manualPages } from './pages.ts';
import { escapeText, lines, request } from './roff.ts';

const PAGES = manualPages('1.2.3');
const textOf = (file: string) => PAGES.find((page) => page.file === file)?.text ?? '';
const hasGroff = spawnSync('groff', ['--version']).status === 0;

const PIN_PAGE = String.raw`.TH "WHERRY\-PIN" "1" "" "wherry 1.2.3" "wherry manual"
.ad l
.nh
.SH NAME
wherry\-pin \- Keep images from being pruned
.SH SYNOPSIS
\fBwherry pin\fR [OPTIONS] [IMAGE...]
.SH DESCRIPTION
Keep images from being pruned.
.br
Lists pinned images if no image is specified.
.SH OPTIONS
.TP
\fB\-\-format\fR \fIstring\fR
`;

describe('the manual', () => {
  test('has what the help text has', () => {
    expect(textOf('wherry-pin.1').slice(0, PIN_PAGE.length)).toBe(PIN_PAGE);
    expect(textOf('wherry-pull.1')).toContain(
      ['The same command is', '\\fBwherry image pull\\fR,', '\\fBwherry pull\\fR.'].join('\n'),
    );
    expect(textOf('wherry.1')).toContain('.TP\n\\fBimage prune\\fR\nRemove unused images.\n');
    expect(textOf('wherry-tags.1')).toContain('(default \\(dqsemver\\(dq)');
  });

  test('has a page for each name of a command', () => {
    expect(textOf('wherry-image-ls.1')).toBe('.so man1/wherry-images.1\n');
    expect(textOf('wherry-image-inspect.1')).toMatch(/^\.TH "WHERRY\\-IMAGE\\-INSPECT"/);
    expect(new Set(PAGES.map(({ file }) => file)).size).toBe(PAGES.length);
    const sources = PAGES.flatMap(({ text }) => /^\.so man1\/(\S+)\n$/.exec(text)?.[1] ?? []);
    expect(sources.filter((file) => textOf(file) === '')).toEqual([]);
  });

  test('is what the package says it is', () => {
    const path = new URL('../../package.json', import.meta.url);
    // `npm link` and a global install put into the manual what this list names.
    const { man } = JSON.parse(readFileSync(path, 'utf8')) as { man: string[] };
    expect(man).toEqual(PAGES.map(({ file }) => `./dist/man/man1/${file}`).sort());
  });

  test.each(PAGES)('$file has known requests and escapes only', ({ text }) => {
    for (const line of text.slice(0, -1).split('\n')) {
      expect(line).toMatch(/^(?:[^.']|\.(?:TH|SH|TP|PP|ad|nh|br|so)(?: |$))/);
      expect(
        line.replaceAll(/\\(?:\(rs|\(aq|\(dq|\(ga|\(ha|\(ti|-|&|f[BIR]|\[u[0-9A-F]{4,6}\])/g, ''),
      ).not.toContain('\\');
      expect(line).toMatch(/^[ -~]+$/);
    }
  });

  test.skipIf(!hasGroff).each(PAGES.filter(({ text }) => !text.startsWith('.so')))(
    '$file is formatted without a warning',
    ({ text }) => {
      const { stdout, stderr } = spawnSync('groff', ['-man', '-ww', '-Tutf8'], {
        input: text,
        encoding: 'utf8',
      });
      expect(stderr).toBe('');
      // Bold letters are struck twice.
      expect(
        stdout
          .split('\b')
          .map((part) => part.slice(0, -1))
          .join(''),
      ).toContain('SYNOPSI');
    },
  );
});

describe('roff', () => {
  test.each([
    { text: '-a \'b\' "c" \\n `d` ^~', roff: String.raw`\-a \(aqb\(aq \(dqc\(dq \(rsn \(gad\(ga \(ha\(ti` },
    { text: ".br\n.x\n'y", roff: '\\&.br\n\\&.x\n\\(aqy' },
    { text: 'a… 𝄞', roff: String.raw`a\[u2026] \[u1D11E]` },
  ])('prints $text as it stands', ({ text, roff }) => {
    expect(escapeText(text)).toBe(roff);
  });

  test('keeps lines, and quotes arguments', () => {
    expect(lines('a\n.b')).toBe('a\n.br\n\\&.b');
    expect(request('TH', 'a b', '')).toBe('.TH "a b" ""');
  });
});
