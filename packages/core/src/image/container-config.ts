import type { ContainerConfig } from '../oci/image-config.ts';
import { sortedByKey } from '../oci/json.ts';

/**
 * A config with the fields that Docker always writes, in its order: what is absent has Go's zero value.
 * MOBY 20.10 `api/types/container/config.go`.
 */
export function dockerContainerConfig(config: ContainerConfig): Record<string, unknown> {
  return {
    Hostname: config.Hostname ?? '',
    Domainname: config.Domainname ?? '',
    User: config.User ?? '',
    AttachStdin: config.AttachStdin ?? false,
    AttachStdout: config.AttachStdout ?? false,
    AttachStderr: config.AttachStderr ?? false,
    ...(config.ExposedPorts && { ExposedPorts: sortedByKey(config.ExposedPorts) }),
    Tty: config.Tty ?? false,
    OpenStdin: config.OpenStdin ?? false,
    StdinOnce: config.StdinOnce ?? false,
    Env: config.Env ?? null,
    Cmd: config.Cmd ?? null,
    ...optional(config, 'Healthcheck'),
    ...optional(config, 'ArgsEscaped'),
    Image: config.Image ?? '',
    Volumes: config.Volumes ? sortedByKey(config.Volumes) : null,
    WorkingDir: config.WorkingDir ?? '',
    Entrypoint: config.Entrypoint ?? null,
    ...optional(config, 'NetworkDisabled'),
    ...optional(config, 'MacAddress'),
    OnBuild: config.OnBuild ?? null,
    Labels: config.Labels ? sortedByKey(config.Labels) : null,
    ...optional(config, 'StopSignal'),
    ...optional(config, 'StopTimeout'),
    ...optional(config, 'Shell'),
  };
}

function optional(config: ContainerConfig, field: string): Record<string, unknown> {
  return config[field] ? { [field]: config[field] } : {};
}
