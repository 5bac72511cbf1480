import { WherryError } from '../errors.ts';

const PORTS = /^(\d{1,5})(?:-(\d{1,5}))?$/;

/**
 * Reads `[[address:]port:]port[-port][/protocol]` into `port/protocol` items; the host's side is of no use in an
 * image. Throws `INVALID_ARGUMENT` with Docker's message.
 */
export function readPorts(spec: string): string[] {
  const [target = '', hostPorts = ''] = spec.split(':').reverse();
  if (hostPorts !== '' && !PORTS.test(hostPorts)) throw invalid(`Invalid hostPort: ${hostPorts}`);
  const [range = '', protocolText] = target.split('/', 2);
  if (range === '') throw invalid(`No port specified: ${spec}<empty>`);
  const match = PORTS.exec(range);
  const first = Number(match?.[1]);
  const last = match?.[2] === undefined ? first : Number(match[2]);
  if (match === null || last > 65535 || last < first) throw invalid(`Invalid containerPort: ${range}`);
  const protocol = (protocolText || 'tcp').toLowerCase();
  if (!/^(?:tcp|udp|sctp)$/.test(protocol)) throw invalid(`Invalid proto: ${protocolText}`);
  return Array.from({ length: last - first + 1 }, (_, step) => `${first + step}/${protocol}`);
}

function invalid(message: string): WherryError {
  return new WherryError('INVALID_ARGUMENT', message);
}
