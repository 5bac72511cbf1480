import type { Descriptor } from '@wherry/core';
import type { EngineBackend } from '../backend.ts';

/** The manifest of an image; absent when it has gone meanwhile. */
export async function manifestOf(
  backend: Pick<EngineBackend, 'images'>,
  id: string,
): Promise<Descriptor | undefined> {
  const rows = await backend.images({ all: true, manifests: true });
  return rows.find((row) => row.id === id)?.manifest;
}
