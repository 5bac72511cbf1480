/** One value of a metric. */
export interface Tally<T> {
  /** In the order of the labels' names. */
  readonly labels: readonly string[];
  readonly value: T;
}

interface Branch<T> {
  readonly below: Map<string, Branch<T>>;
  value?: T;
}

/** The values of one metric by their labels, found without a key being built: each request changes several. */
export class Tallies<T extends object> {
  readonly #make: () => T;
  readonly #root: Branch<T> = { below: new Map() };
  readonly #all: Tally<T>[] = [];

  constructor(make: () => T) {
    this.#make = make;
  }

  /** The value with these labels, made at the first call. */
  of(labels: readonly string[]): T {
    let branch = this.#root;
    for (const label of labels) branch = branch.below.get(label) ?? grow(branch, label);
    branch.value ??= this.#add(labels);
    return branch.value;
  }

  /** All values, in the order in which they were made. */
  all(): readonly Tally<T>[] {
    return this.#all;
  }

  #add(labels: readonly string[]): T {
    const value = this.#make();
    this.#all.push({ labels: [...labels], value });
    return value;
  }
}

function grow<T>(branch: Branch<T>, label: string): Branch<T> {
  const made: Branch<T> = { below: new Map() };
  branch.below.set(label, made);
  return made;
}
