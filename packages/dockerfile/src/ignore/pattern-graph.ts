import type { CharacterRange, PatternStep } from './pattern-steps.ts';

const SLASH = 0x2f;
const NEWLINE = 0x0a;

/** What a node takes without being left. */
type Loop = 'nothing' | 'name' | 'line' | 'all';

/** A set of characters that leads from one node to another. */
interface SetEdge {
  readonly isNegated: boolean;
  readonly ranges: readonly CharacterRange[];
  readonly to: PatternNode;
}

/** A point between two steps of patterns. Patterns that begin alike share their nodes. */
export class PatternNode {
  /** In the order in which nodes were made. */
  readonly id: number;
  readonly loop: Loop;
  /** Patterns that end here, ascending. */
  readonly ends: number[] = [];
  /** Where this node is left for without a character. */
  readonly free: PatternNode[] = [];
  /** The last negation that may still match when at least one more character comes; -1: none. */
  lastNegation = -1;
  readonly #characters = new Map<number, PatternNode>();
  readonly #sets: SetEdge[] = [];

  constructor(id: number, loop: Loop) {
    this.id = id;
    this.loop = loop;
  }

  linkCharacter(code: number, to: PatternNode): void {
    this.#characters.set(code, to);
  }

  linkSet(edge: SetEdge): void {
    this.#sets.push(edge);
  }

  /** Tells `reach` where a character leads. */
  follow(code: number, reach: (node: PatternNode) => void): void {
    if (this.loop !== 'nothing' && isTaken(this.loop, code)) reach(this);
    const next = this.#characters.get(code);
    if (next !== undefined) reach(next);
    for (const { ranges, isNegated, to } of this.#sets)
      if (ranges.some(([low, high]) => low <= code && code <= high) !== isNegated) reach(to);
  }
}

function isTaken(loop: Loop, code: number): boolean {
  if (loop === 'name') return code !== SLASH;
  return loop === 'all' || code !== NEWLINE;
}

/** The nodes of many patterns: a tree of what they begin with, with loops for their stars. */
export class PatternGraph {
  readonly start: PatternNode;
  #nodes = 0;
  /** Node and step to where that step leads. */
  readonly #steps = new Map<string, readonly PatternNode[]>();

  constructor() {
    this.start = this.#node('nothing');
  }

  /** Adds a pattern; `index` grows from one to the next. */
  add(steps: readonly PatternStep[], index: number, isNegated: boolean): void {
    let at = this.start;
    const passed = [at];
    for (const step of steps) {
      const key = `${at.id} ${JSON.stringify(step)}`;
      const nodes = this.#steps.get(key) ?? this.#link(at, step);
      this.#steps.set(key, nodes);
      passed.push(...nodes);
      at = nodes.at(-1) ?? at;
    }
    at.ends.push(index);
    if (!isNegated) return;
    for (const node of passed) if (node !== at || node.loop !== 'nothing') node.lastNegation = index;
  }

  /** Makes a step's nodes, the one behind it last. */
  #link(from: PatternNode, step: PatternStep): readonly PatternNode[] {
    if (step.kind === 'name' || step.kind === 'rest') {
      const node = this.#node(step.kind === 'name' ? 'name' : step.takesNewlines ? 'all' : 'line');
      from.free.push(node);
      return [node];
    }
    const to = this.#node('nothing');
    if (step.kind === 'directories') {
      const inside = this.#node(step.takesNewlines ? 'all' : 'line');
      inside.linkCharacter(SLASH, to);
      from.free.push(inside, to);
      return [inside, to];
    }
    if (step.kind === 'character') from.linkCharacter(step.code, to);
    else if (step.kind === 'set') from.linkSet({ ...step, to });
    else from.linkSet({ isNegated: true, ranges: [[SLASH, SLASH]], to });
    return [to];
  }

  #node(loop: Loop): PatternNode {
    return new PatternNode(this.#nodes++, loop);
  }
}
