import { styleText } from 'node:util';
import { formatPlatform, type ImageTree, type ImageTreeVariant, shortId } from '@wherry/core';
import { shortSize } from './human.ts';
import { oneLine } from './printable.ts';
import { displayWidth, ellipsis } from './width.ts';

export interface ImageTreeOptions {
  /** Cells in a line; absent: there is no terminal. */
  readonly columns?: number | undefined;
  readonly colors: boolean;
}

const WARNING =
  "WARNING: This is an experimental feature. The output may change and shouldn't be depended on.";
const UNTAGGED = '<untagged>';
const DEFAULT_WIDTH = 80;
const MIN_WIDTH = 20;
const SPACING = '   ';
/** A column that leaves the names fewer cells than this is left out, with those to its right. */
const MIN_NAME_CELLS = 12;
/** What the last column has, and what that means. */
const MARKS = [
  { sign: 'U', label: 'In Use', isSet: ({ isInUse }: Item) => isInUse },
  { sign: 'P', label: 'Pinned', isSet: ({ isPinned }: Item) => isPinned },
];
const NAME_TITLE = 'IMAGE';

type Item = ImageTree | ImageTreeVariant;
type Style = Parameters<typeof styleText>[0];

interface Column {
  readonly title: string;
  readonly cells: number;
  readonly isRight?: boolean;
  /** Instead of the line's. */
  readonly style?: Style;
  readonly text: (item: Item) => string;
}

const COLUMNS: readonly Column[] = [
  { title: 'ID', cells: 12, text: ({ id }) => (id === undefined ? '' : shortId(id)) },
  { title: 'DISK USAGE', cells: 10, isRight: true, text: ({ diskBytes }) => shortSize(diskBytes) },
  { title: 'CONTENT SIZE', cells: 12, isRight: true, text: ({ contentBytes }) => shortSize(contentBytes) },
  { title: 'EXTRA', cells: 5, style: 'inverse', text: marksOf },
];

/**
 * Draws images with those of their indexes under them, in the width of the terminal: columns that do not fit are
 * left out from the right, names are cut off. Docker's layout and marks, and one more for what is pinned. docker/cli, `image.printImageTree`.
 */
export function formatImageTree(trees: readonly ImageTree[], options: ImageTreeOptions): string {
  const drawing = new Drawing(trees, options);
  const lines = [...drawing.head(), ...trees.flatMap((tree) => drawing.tree(tree))];
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

class Drawing {
  readonly #width: number;
  readonly #columns: readonly Column[];
  readonly #nameCells: number;
  readonly #colors: boolean;

  constructor(trees: readonly ImageTree[], { columns, colors }: ImageTreeOptions) {
    this.#colors = colors;
    this.#width = Math.max(columns ?? DEFAULT_WIDTH, MIN_WIDTH);
    const fitting: Column[] = [];
    let nameCells = this.#width;
    for (const column of COLUMNS) {
      const left = nameCells - column.cells - SPACING.length;
      if (left < MIN_NAME_CELLS) break;
      fitting.push(column);
      nameCells = left;
    }
    this.#columns = fitting;
    const widest = trees.flatMap((tree) => [...namesOf(tree), ...branchesOf(tree)]).map(displayWidth);
    this.#nameCells = widest.reduce(
      (most, cells) => Math.max(most, Math.min(cells, nameCells)),
      NAME_TITLE.length,
    );
  }

  head(): string[] {
    const info = this.#colors ? 'Info → ' : 'Info ->  ';
    const plain = MARKS.map(({ sign, label }) => `${sign} ${label} `).join('');
    const legend = MARKS.map(({ sign, label }) => `${this.#paint('inverse', sign)} ${label} `).join('');
    const before = ' '.repeat(Math.max(0, this.#width - displayWidth(info + plain)));
    return [
      this.#paint('yellowBright', WARNING),
      `${before}${this.#paint('cyanBright', info)}${legend}`,
      '',
      this.#line('bold', NAME_TITLE, 'bold', ({ title }) => title),
    ];
  }

  tree(tree: ImageTree): string[] {
    const style: Style = tree.names.length === 0 ? 'dim' : ['blue', 'bold'];
    const names = namesOf(tree);
    return [
      ...names.slice(0, -1).map((name) => this.#paint(style, ellipsis(name, this.#width))),
      this.#line(style, names.at(-1) ?? '', 'reset', ({ text }) => text(tree)),
      ...branchesOf(tree).map((branch, at) => this.#variant(branch, tree.variants[at])),
      '',
    ];
  }

  #variant(branch: string, variant: ImageTreeVariant | undefined): string {
    const style = variant?.id === undefined ? 'dim' : 'reset';
    return this.#line(style, branch, style, ({ text }) => (variant ? text(variant) : ''));
  }

  #line(nameStyle: Style, name: string, style: Style, textOf: (column: Column) => string): string {
    const first = this.#cell(ellipsis(name, this.#nameCells), this.#nameCells, nameStyle);
    const others = this.#columns.map((column) => {
      const text = textOf(column);
      const isTitle = text === column.title;
      return this.#cell(text, column.cells, isTitle ? style : (column.style ?? style), column.isRight);
    });
    return [first, ...others].join(SPACING);
  }

  #cell(text: string, cells: number, style: Style, isRight = false): string {
    const fill = ' '.repeat(Math.max(0, cells - displayWidth(text)));
    const painted = this.#paint(style, text);
    return isRight ? fill + painted : painted + fill;
  }

  #paint(style: Style, text: string): string {
    const isPlain = !this.#colors || style === 'reset' || text === '';
    return isPlain ? text : styleText(style, text, { validateStream: false });
  }
}

function marksOf(item: Item): string {
  return MARKS.filter(({ isSet }) => isSet(item))
    .map(({ sign }) => sign)
    .join('');
}

function namesOf({ names }: ImageTree): string[] {
  return names.length === 0 ? [UNTAGGED] : names.map(oneLine);
}

function branchesOf({ variants }: ImageTree): string[] {
  return variants.map(({ platform }, at) => {
    const branch = at === variants.length - 1 ? '└─' : '├─';
    return `${branch} ${oneLine(formatPlatform(platform))}`;
  });
}
