import type { ReadSettings } from './read-settings.ts';
import { keyOf, type Section, type SettingsOfAll } from './section.ts';

/** What reading the settings again came to; keys are as in the file, `log.level`. */
export interface Reloaded {
  /** In force now. */
  readonly changed: readonly string[];
  /** Other than what is in force, which only a restart changes. */
  readonly needRestart: readonly string[];
}

/** The settings in force. Whoever holds them sees what a reload brings. */
export class LiveSettings<const T extends readonly Section[]> {
  readonly #sections: T;
  readonly #listeners: ((settings: SettingsOfAll<T>) => void)[] = [];
  #current: SettingsOfAll<T>;

  constructor(sections: T, settings: SettingsOfAll<T>) {
    this.#sections = sections;
    this.#current = settings;
  }

  get current(): SettingsOfAll<T> {
    return this.#current;
  }

  /** Calls `listener` after each reload that changed something. */
  onChange(listener: (settings: SettingsOfAll<T>) => void): void {
    this.#listeners.push(listener);
  }

  /** Takes over what may change in a running service. When `read` throws, all stays as it is. */
  async reload(read: () => Promise<ReadSettings<T>>): Promise<Reloaded> {
    const next = (await read()).settings as Values;
    const current = this.#current as Values;
    const [changed, needRestart]: [string[], string[]] = [[], []];
    const merged: Record<string, Record<string, unknown>> = {};
    for (const { name, fields } of this.#sections) {
      const values: Record<string, unknown> = { ...current[name] };
      for (const [property, field] of Object.entries(fields)) {
        const value = next[name]?.[property];
        if (JSON.stringify(value) === JSON.stringify(values[property])) continue;
        (field.reloadable ? changed : needRestart).push(`${name}.${keyOf(property)}`);
        if (field.reloadable) values[property] = value;
      }
      merged[name] = values;
    }
    this.#current = merged as SettingsOfAll<T>;
    if (changed.length > 0) for (const listener of this.#listeners) listener(this.#current);
    return { changed, needRestart };
  }
}

type Values = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
