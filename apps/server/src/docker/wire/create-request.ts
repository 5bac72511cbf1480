import type { ContainerOptions, CreateContainerRequest, Platform, StandardStream } from '@wherry/core';
import { type Fields, ifSet, someOf } from './fields.ts';
import { hostPart } from './host-config.ts';
import { refuseImpossible } from './host-refusals.ts';

/** What is said of a container beside the body. */
export interface CreateParameters {
  readonly name?: string;
  readonly platform?: Platform;
}

/**
 * Maps the body of `POST /containers/create` to what core makes a container of: each member is honoured, or refused
 * in one line where it asks for what is not offered. Throws `ApiError`, `WherryError`.
 */
export function createRequest(body: Fields, { name, platform }: CreateParameters): CreateContainerRequest {
  const host = body.object('HostConfig');
  refuseImpossible(body, host);
  const hosted = hostPart(host, { isNetworkDisabled: body.flag('NetworkDisabled') });
  const [openStdin, stdinOnce] = [body.flag('OpenStdin'), body.flag('StdinOnce')];
  return {
    image: body.text('Image'),
    ...(name !== undefined && { name }),
    ...(platform && { platform }),
    options: { ...options(body), ...hosted.options },
    attached: attachedStreams(body),
    labels: body.map('Labels'),
    ...{ openStdin, stdinOnce },
    ...ifSet('autoRemove', hosted.autoRemove),
    ...ifSet('stopSignal', body.text('StopSignal')),
    ...(body.has('StopTimeout') && { stopTimeoutSeconds: body.number('StopTimeout') }),
  } satisfies CreateContainerRequest;
}

function options(body: Fields): ContainerOptions {
  const entrypoint = body.words('Entrypoint');
  return {
    ...someOf('command', body.words('Cmd') ?? []),
    // An empty list takes the image's entry point away, as an empty word does.
    ...(entrypoint && { entrypoint: entrypoint.length > 0 ? entrypoint : [''] }),
    ...someOf('env', body.texts('Env')),
    ...ifSet('user', body.text('User')),
    ...ifSet('workingDir', body.text('WorkingDir')),
    ...ifSet('hostname', body.text('Hostname')),
    ...ifSet('domainname', body.text('Domainname')),
    ...ifSet('tty', body.flag('Tty')),
    ...someOf('exposedPorts', body.keys('ExposedPorts')),
    ...someOf('volumes', body.keys('Volumes')),
    ...healthcheck(body.object('Healthcheck')),
  };
}

function healthcheck(check: Fields): Pick<ContainerOptions, 'healthcheck'> {
  const times = ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'] as const;
  const healthcheck = {
    ...someOf('Test', check.texts('Test')),
    ...Object.fromEntries(times.flatMap((name) => Object.entries(ifSet(name, check.number(name))))),
  };
  return Object.keys(healthcheck).length > 0 ? { healthcheck } : {};
}

function attachedStreams(body: Fields): StandardStream[] {
  const names = { stdin: 'AttachStdin', stdout: 'AttachStdout', stderr: 'AttachStderr' } as const;
  return (['stdin', 'stdout', 'stderr'] as const).filter((stream) => body.flag(names[stream]));
}
