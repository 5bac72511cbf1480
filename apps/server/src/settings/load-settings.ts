import { LiveSettings, type Reloaded } from './live-settings.ts';
import { printSettings } from './print-settings.ts';
import { readSettings, type SettingsSources } from './read-settings.ts';
import { SECTIONS, type ServiceSettings } from './service-settings.ts';
import { readSettingsFile, type SettingsFilePlace, settingsFilePath } from './settings-file.ts';

export interface LoadRequest extends SettingsFilePlace {
  readonly flags?: SettingsSources['flags'];
}

/** The settings of a service, from all their sources. */
export interface LoadedSettings {
  /** Where their file is, or would be. */
  readonly path: string;
  /** Those in force. */
  readonly current: ServiceSettings;
  /** Whether anybody said something of a key, such as `listen.addr`; else its default holds. */
  readonly isSet: (key: string) => boolean;
  /** For the log: what looks wrong and may be right. */
  readonly warnings: readonly string[];
  /** The whole settings file as it would have to be for the settings that were loaded, without secrets. */
  print(): string;
  /** Calls `listener` after each reload that changed something. */
  onChange(listener: (settings: ServiceSettings) => void): void;
  /** Reads the sources again. Throws `INVALID_CONFIG`, and what was in force stays. */
  reload(): Promise<Reloaded>;
}

/** Reads the settings of a service. Throws `INVALID_CONFIG`. */
export async function loadSettings(request: LoadRequest): Promise<LoadedSettings> {
  const read = async () => {
    const file = await readSettingsFile(request);
    const { env, flags } = request;
    return readSettings(SECTIONS, { env, ...(file && { file }), ...(flags && { flags }) });
  };
  const first = await read();
  const live = new LiveSettings(SECTIONS, first.settings);
  return {
    path: settingsFilePath(request),
    get current() {
      return live.current;
    },
    isSet: (key) => first.origins.has(key),
    warnings: first.warnings,
    print: () => printSettings(SECTIONS, first),
    onChange: (listener) => live.onChange(listener),
    reload: () => live.reload(read),
  };
}
