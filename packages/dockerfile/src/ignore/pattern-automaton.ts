import type { PatternGraph, PatternNode } from './pattern-graph.ts';

const ASCII_END = 0x80;
/** What may be remembered, in nodes of states: some 40 MB. */
const MAX_REMEMBERED = 2 * 1024 * 1024;
/** What a state costs besides its nodes. */
const STATE_OVERHEAD = 128;

/** Where all patterns stand after some text. */
export interface AutomatonState {
  /** Where patterns go on from, in the order of their IDs. */
  readonly nodes: readonly PatternNode[];
  /** Patterns that end here, ascending. */
  readonly accepted: readonly number[];
  /** The last negation that may match when more text comes; -1: none. */
  readonly lastNegation: number;
  /** States behind one more character, as far as anybody asked; those of ASCII by their code. */
  narrow: (AutomatonState | undefined)[];
  wide: Map<number, AutomatonState> | undefined;
}

/**
 * Matches text with many patterns at once, a character at a time. Its states are sets of nodes, made when text first
 * leads there and then remembered: the time for a text hardly grows with the number of patterns. When too many are
 * remembered all are forgotten, and made anew.
 */
export class PatternAutomaton {
  readonly start: AutomatonState;
  readonly #known = new Map<number, AutomatonState[]>();
  #remembered = 0;

  constructor(graph: PatternGraph) {
    const nodes = new Set<PatternNode>();
    reach(nodes, graph.start);
    this.start = this.#stateOf(nodes);
  }

  /** The state behind `text`. */
  run(state: AutomatonState, text: string): AutomatonState {
    let reached = state;
    for (let i = 0; i < text.length && reached.nodes.length > 0; i++) {
      let code = text.charCodeAt(i);
      if (code >= 0xd800 && code < 0xdc00) code = text.codePointAt(i++) ?? code;
      const next = code < ASCII_END ? reached.narrow[code] : reached.wide?.get(code);
      reached = next ?? this.#advance(reached, code);
    }
    return reached;
  }

  #advance(state: AutomatonState, code: number): AutomatonState {
    const nodes = new Set<PatternNode>();
    for (const node of state.nodes) node.follow(code, (next) => reach(nodes, next));
    const next = this.#stateOf(nodes);
    if (code < ASCII_END) state.narrow[code] = next;
    else {
      state.wide ??= new Map();
      state.wide.set(code, next);
    }
    return next;
  }

  #stateOf(reached: ReadonlySet<PatternNode>): AutomatonState {
    const nodes = [...reached].sort((a, b) => a.id - b.id);
    let hash = 0x811c9dc5;
    for (const { id } of nodes) hash = Math.imul(hash ^ id, 0x01000193);
    const known = this.#known.get(hash)?.find((state) => isEqual(state.nodes, nodes));
    if (known !== undefined) return known;
    const state: AutomatonState = {
      nodes,
      accepted: nodes.flatMap(({ ends }) => ends).sort((a, b) => a - b),
      lastNegation: nodes.reduce((last, node) => Math.max(last, node.lastNegation), -1),
      narrow: [],
      wide: undefined,
    };
    this.#remember(hash, state);
    return state;
  }

  #remember(hash: number, state: AutomatonState): void {
    this.#remembered += state.nodes.length + STATE_OVERHEAD;
    if (this.#remembered > MAX_REMEMBERED) this.#forget();
    const alike = this.#known.get(hash);
    if (alike === undefined) this.#known.set(hash, [state]);
    else alike.push(state);
  }

  /** States that somebody holds stay usable; they lead to new ones. */
  #forget(): void {
    for (const states of this.#known.values())
      for (const state of states) {
        state.narrow = [];
        state.wide = undefined;
      }
    this.#known.clear();
    this.#remembered = 0;
  }
}

/** Takes a node in, and those that it is left for without a character. */
function reach(nodes: Set<PatternNode>, node: PatternNode): void {
  const ahead = [node];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (nodes.has(next)) continue;
    nodes.add(next);
    ahead.push(...next.free);
  }
}

function isEqual(a: readonly PatternNode[], b: readonly PatternNode[]): boolean {
  return a.length === b.length && a.every((node, index) => node === b[index]);
}
