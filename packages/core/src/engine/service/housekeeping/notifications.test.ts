import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ServiceSandbox } from '../../../testing/service-sandbox.ts';
import type { Store } from '../../store/store.ts';
import { Notifications, type Subscription } from './notifications.ts';

const ALL: Subscription = { name: 'all', actions: [], repositories: [], maxWaiting: 3 };

let sandbox: ServiceSandbox;
let store: Store;
const warnings: string[] = [];

beforeEach(() => {
  sandbox = new ServiceSandbox();
  store = sandbox.store();
  warnings.length = 0;
});
afterEach(() => sandbox[Symbol.dispose]());

function notifications(...subscriptions: Subscription[]): Notifications {
  let id = 0;
  return new Notifications({
    queue: store.metadata.webhooks,
    subscriptions,
    now: sandbox.clock.now,
    newId: () => String(++id),
    origin: () => ({ actor: { name: 'ann' } }),
    warn: (text) => warnings.push(text),
  });
}

const idsOf = (endpoint: string, limit = 10) =>
  store.metadata.webhooks.next(endpoint, limit).map(({ event }) => JSON.parse(event).id as string);

describe('notifications', () => {
  test('have the form that receivers of distribution know', () => {
    notifications(ALL).tell('push', { repository: 'team/app', tag: '1', size: 7, mediaType: 'm' });
    const [queued] = store.metadata.webhooks.next('all', 1);
    expect(JSON.parse(queued!.event)).toEqual({
      id: '1',
      timestamp: '2026-06-01T00:00:00.000Z',
      action: 'push',
      target: { repository: 'team/app', tag: '1', mediaType: 'm', size: 7, length: 7 },
      request: {},
      actor: { name: 'ann' },
    });
  });

  test('reach those who want them', () => {
    const told = notifications(
      { ...ALL, name: 'pushes', actions: ['push'] },
      { ...ALL, name: 'team', repositories: ['team/*'] },
    );
    told.tell('push', { repository: 'other' });
    told.tell('delete', { repository: 'team/app' });
    expect([idsOf('pushes'), idsOf('team')]).toEqual([['1'], ['2']]);
    expect(told.isWanted('pull', 'other')).toBe(false);
    expect(told.isWanted('pull', 'team/x')).toBe(true);
  });

  test('are dropped, the oldest first, when too many wait', () => {
    const told = notifications(ALL);
    for (let count = 0; count < 5; count++) told.tell('push', { repository: 'a' });
    expect(idsOf('all')).toEqual(['3', '4', '5']);
    expect(warnings).toEqual(Array(2).fill('webhook all: more than 3 events wait, 1 old ones dropped'));
    expect(told.counts()).toEqual([{ endpoint: 'all', waiting: 3, dropped: 2, delivered: 0, failures: 0 }]);
  });

  test('are undone with the transaction that they belong to', () => {
    const told = notifications(ALL);
    const failing = () =>
      store.metadata.atomically(() => {
        told.tell('push', { repository: 'a' });
        throw new Error('full');
      });
    expect(failing).toThrow('full');
    expect(idsOf('all')).toEqual([]);
  });

  test('outlive a restart, and are forgotten once they were told', () => {
    notifications(ALL).tell('push', { repository: 'a' });
    const other = sandbox.store().metadata.webhooks;
    const [queued] = other.next('all', 1);
    other.delivered('all', queued!.sequence);
    expect(store.metadata.webhooks.counts()[0]).toMatchObject({ waiting: 0, delivered: 1 });
  });

  test('are sent by one process at a time, and by another when that is gone', () => {
    const [queue, other] = [store.metadata.webhooks, sandbox.store().metadata.webhooks];
    expect(queue.claim('all', 'one', 1000)).toBe(true);
    expect(other.claim('all', 'two', 1000)).toBe(false);
    expect(queue.claim('all', 'one', 1000)).toBe(true);
    sandbox.clock.pass(1000);
    expect(other.claim('all', 'two', 1000)).toBe(true);
    other.release('two');
    expect(queue.claim('all', 'one', 1000)).toBe(true);
  });

  test('are forgotten with their endpoint', () => {
    notifications(ALL).tell('push', { repository: 'a' });
    store.metadata.webhooks.keepOnly(['other']);
    expect(store.metadata.webhooks.counts()).toEqual([]);
  });
});

test('reach those who are subscribed now, and wait for the others', () => {
  const told = notifications({ ...ALL, name: 'before' });
  told.tell('push', { repository: 'team/app' });
  told.subscribe([{ ...ALL, name: 'after' }]);
  told.tell('delete', { repository: 'team/app' });
  expect([idsOf('before'), idsOf('after')]).toEqual([['1'], ['2']]);
});
