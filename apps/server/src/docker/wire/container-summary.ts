import {
  type ContainerInspection,
  type ContainerSummary,
  commandText,
  containerStatusText,
} from '@wherry/core';

type Section = Readonly<Record<string, unknown>>;

/** One entry of `GET /containers/json`; members and their order are Docker's. */
export function containerSummary(
  { container, image, sizes }: ContainerSummary,
  inspection: ContainerInspection,
  now: Date,
): Record<string, unknown> {
  const { HostConfig, NetworkSettings } = inspection as unknown as Readonly<Record<string, Section>>;
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    Image: image,
    ImageID: container.imageId,
    Command: commandText(container.argv),
    Created: Math.floor(Date.parse(container.createdAt) / 1000),
    Ports: [],
    // Go leaves out what is zero.
    ...(sizes && sizes.changedBytes > 0 && { SizeRw: sizes.changedBytes }),
    ...(sizes && { SizeRootFs: sizes.totalBytes }),
    Labels: container.labels,
    State: container.state.status,
    Status: containerStatusText(container.state, now),
    HostConfig: { NetworkMode: HostConfig?.NetworkMode },
    NetworkSettings: { Networks: NetworkSettings?.Networks },
    Mounts: inspection.Mounts,
  };
}
