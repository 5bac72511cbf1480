import { type DockerSettingOptions, readDockerSetting } from './docker-setting.ts';

/**
 * Reads `imagesFormat` of Docker's `config.json`: how a list of images is printed when no format is given.
 * Throws `INVALID_CONFIG` when a file that names it cannot be used.
 */
export async function readImagesFormat(options: DockerSettingOptions): Promise<string | undefined> {
  const fields = await readDockerSetting(options, 'imagesFormat');
  return fields?.string('imagesFormat');
}
