import type { Io } from '../../io.ts';
import type { BuildPrinter } from './build-printer.ts';
import { ClassicPrinter } from './classic-printer.ts';
import { LivePrinter } from './live-printer.ts';
import { RawJsonPrinter } from './raw-json-printer.ts';
import { TerminalPrinter } from './terminal-printer.ts';

export const PROGRESS_MODES = ['auto', 'plain', 'tty', 'rawjson'] as const;
export type ProgressMode = (typeof PROGRESS_MODES)[number];

/** What `--progress` asks for; what is live needs a terminal, and is plain elsewhere. */
export function openPrinter(mode: ProgressMode, io: Io): BuildPrinter {
  if (mode === 'rawjson') return new RawJsonPrinter(io);
  if (mode === 'plain' || !io.stdout.isTTY) return new ClassicPrinter(io);
  return mode === 'tty' ? new LivePrinter(io) : new TerminalPrinter(io);
}
