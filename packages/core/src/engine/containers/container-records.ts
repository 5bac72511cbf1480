import { WherryError } from '../../errors.ts';
import type { ContainerStore, StoredContainer } from '../../metadata/metadata-store.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';

/** What is kept of a container; its name is the one that it has now. */
export function recordOf(stored: StoredContainer): ContainerRecord {
  return { ...(stored.record as unknown as ContainerRecord), name: stored.name };
}

/** Finds a container by name, ID or the beginning of its ID. Throws `CONTAINER_UNKNOWN`, `AMBIGUOUS_ID`. */
export function requireContainer(store: ContainerStore, idOrName: string): ContainerRecord {
  const stored = store.findContainer(idOrName);
  if (stored) return recordOf(stored);
  throw new WherryError('CONTAINER_UNKNOWN', `No such container: ${idOrName}`, {
    hint: 'list what is here with: wherry ps -a',
    details: { container: idOrName },
  });
}

/**
 * Changes a record as it is now, whoever else changes it meanwhile; `undefined`: the container is gone. `isWish`: it
 * changes what the user wants of the container.
 */
export function changeRecord(
  store: ContainerStore,
  id: string,
  change: (record: ContainerRecord) => ContainerRecord,
  { isWish = false }: { readonly isWish?: boolean } = {},
): ContainerRecord | undefined {
  for (;;) {
    const stored = store.findContainer(id);
    if (stored?.id !== id) return undefined;
    const record = change(recordOf(stored));
    // What became of a container can be seen again; what it is called and shall be cannot.
    const durable = isWish || record.name !== stored.name;
    if (store.replaceContainer({ ...stored, name: record.name, record: { ...record } }, { durable }))
      return record;
  }
}
