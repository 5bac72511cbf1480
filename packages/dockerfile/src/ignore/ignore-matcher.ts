import type { IgnorePattern } from './ignore-file.ts';
import type { AutomatonState } from './pattern-automaton.ts';
import { type Matched, NOTHING_MATCHED, PatternSet } from './pattern-set.ts';

/** Whether a path is left out, and which pattern said so; without one, none has a say. */
export interface IgnoreVerdict {
  readonly isExcluded: boolean;
  readonly decidedBy: IgnorePattern | undefined;
}

/** A directory on a walk: judges what is in it. */
export interface IgnoreDirectory extends IgnoreVerdict {
  /** Whether anything below may be in though this directory is out: a negation reaches into it. */
  readonly mayReincludeBelow: boolean;
  /** Judges a name in this directory. */
  judge(name: string): IgnoreVerdict;
  /** Goes into a directory in this one. */
  enter(name: string): IgnoreDirectory;
}

/**
 * Tells which paths the patterns of a `.dockerignore` leave out. The last pattern that matches wins; what matches a
 * directory matches all in it. As moby's patternmatcher `MatchesUsingParentResults`, in which a pattern that changes
 * nothing for a directory has no say below it.
 */
export class IgnoreMatcher {
  /** The root of the build context, which is never excluded. */
  readonly root: IgnoreDirectory;
  readonly isEmpty: boolean;
  #lastDirectory: { readonly path: string; readonly directory: IgnoreDirectory };

  /** Throws `IgnorePatternError`. */
  constructor(patterns: readonly IgnorePattern[]) {
    const set = new PatternSet(patterns);
    this.isEmpty = set.isEmpty;
    this.root = new Directory(set, set.start, NOTHING_MATCHED);
    this.#lastDirectory = { path: '', directory: this.root };
  }

  /** Whether a path, `/`-separated from the root of the context, is left out. */
  excluded(path: string): boolean {
    return this.judge(path).isExcluded;
  }

  /** As `excluded`, with the pattern that decided. */
  judge(path: string): IgnoreVerdict {
    const { parent, name } = this.#locate(path);
    return parent.judge(name);
  }

  /** Whether a walk must go into a directory that is excluded: a negation may match something below it. */
  mayReincludeBelow(directory: string): boolean {
    const { parent, name } = this.#locate(directory);
    return parent.enter(name).mayReincludeBelow;
  }

  #locate(path: string): { readonly parent: IgnoreDirectory; readonly name: string } {
    const trimmed = path.replace(/^\/+|\/+$/g, '');
    const slash = trimmed.lastIndexOf('/');
    const directory = trimmed.slice(0, Math.max(slash, 0));
    if (directory !== this.#lastDirectory.path)
      this.#lastDirectory = { path: directory, directory: this.#walk(directory) };
    return { parent: this.#lastDirectory.directory, name: trimmed.slice(slash + 1) };
  }

  #walk(directory: string): IgnoreDirectory {
    if (directory === '') return this.root;
    return directory.split('/').reduce((parent, name) => parent.enter(name), this.root);
  }
}

class Directory implements IgnoreDirectory {
  readonly isExcluded: boolean;
  readonly decidedBy: IgnorePattern | undefined;
  readonly #patterns: PatternSet;
  readonly #state: AutomatonState;
  readonly #matched: Matched;

  /** `state`: behind the slash that follows its name. */
  constructor(patterns: PatternSet, state: AutomatonState, matched: Matched) {
    this.#patterns = patterns;
    this.#state = state;
    this.#matched = matched;
    this.isExcluded = matched.isExcluded;
    this.decidedBy = matched.decidedBy;
  }

  get mayReincludeBelow(): boolean {
    // An earlier negation would be overruled again by what excluded this directory.
    return this.#state.lastNegation > (this.#matched.indices.at(-1) ?? -1);
  }

  judge(name: string): IgnoreVerdict {
    const { accepted } = this.#patterns.run(this.#state, name);
    return this.#patterns.matchedBelow(this.#matched, accepted);
  }

  enter(name: string): IgnoreDirectory {
    const reached = this.#patterns.run(this.#state, name);
    const matched = this.#patterns.matchedBelow(this.#matched, reached.accepted);
    return new Directory(this.#patterns, this.#patterns.run(reached, '/'), matched);
  }
}
