import { beforeEach, describe, expect, it } from 'vitest';
import { recordedLog } from '../runtime/testing/recorded-log.ts';
import type { RecordedLog } from '../runtime/testing/recorded-log.ts';
import { VirtualClock } from '../runtime/testing/virtual-clock.ts';
import { StoreError } from '../store/errors.ts';
import type { Stored } from '../store/resource.ts';
import { AgentAlive, withAgentAlive } from './agent-alive.ts';

const at = '2026-01-31T12:00:00.000Z';
const ready = { type: 'Ready', status: 'True' as const, reason: 'HostUsable', message: 'm', lastTransitionTime: at };
const node = {
  apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeNode',
  metadata: { namespace: '', name: 'n1', uid: 'u1', resourceVersion: '1', generation: 1, creationTimestamp: at },
  spec: {}, status: { term: 't1', conditions: [ready] },
} as unknown as Stored<'RealtimeNode'>;
const now = new Date('2026-02-01T00:00:00Z');

describe('whether an agent lives', () => {
  it('is one condition; all else of the status stays', () => {
    const { status } = withAgentAlive(node, 'Silent', now);
    const lastTransitionTime = '2026-02-01T00:00:00.000Z';
    expect(status).toEqual({
      term: 't1',
      conditions: [ready, { type: 'AgentAlive', status: 'False', reason: 'LeaseLapsed', message: expect.any(String) as string, lastTransitionTime }],
    });
  });

  it('is said once, and again when it changes', () => {
    const said = withAgentAlive(node, 'Renews', now);
    expect(withAgentAlive(said, 'Renews', new Date())).toBe(said);
    expect(withAgentAlive(said, 'Silent', now).status?.conditions).toHaveLength(2);
  });
});

describe('an agent without a Lease', () => {
  it('is about to begin, where nothing was said of it before; else it is silent', () => {
    expect(withAgentAlive(node, 'NoLease', now)).toBe(node);
    const before = withAgentAlive(node, 'Renews', now);
    expect(withAgentAlive(before, 'NoLease', now).status?.conditions?.[1]).toMatchObject({ status: 'False', reason: 'LeaseLapsed' });
  });
});

describe('who writes it', () => {
  let log: RecordedLog;
  beforeEach(() => { log = recordedLog(); });
  const teller = (writes: Stored[], error?: Error) => new AgentAlive({
    store: {
      updateStatus: async (object) => {
        writes.push(object);
        if (error !== undefined) throw error;
        return Promise.resolve(object);
      },
    },
    clock: new VirtualClock(now), log, nodes: { get: ({ name }) => (name === 'n1' ? node : undefined) },
    factsOf: (name) => ({ node: undefined, alive: true, agent: name === 'n2' || name === 'n1' ? 'Renews' : undefined }),
  });
  const { signal } = new AbortController();

  it('writes nothing of a RealtimeNode that is not there', async () => {
    const writes: Stored[] = [];
    await teller(writes).tell('n2', signal);
    expect(writes).toEqual([]);
  });

  it('leaves it to the next version of the node where somebody was faster', async () => {
    const writes: Stored[] = [];
    await teller(writes, new StoreError('CONFLICT', 'it is newer')).tell('n1', signal);
    expect([writes.length, log.entries]).toEqual([1, []]);
  });

  it('tries again after a while where it was refused, says so once, and holds nothing up', async () => {
    const refused = teller([], new StoreError('FORBIDDEN', 'no'));
    expect([await refused.tell('n1', signal), await refused.tell('n1', signal)]).toEqual([30_000, 30_000]);
    expect(log.entries).toHaveLength(1);
  });
});
