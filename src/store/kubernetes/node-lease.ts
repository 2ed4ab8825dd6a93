/** Says that a node's agent is at work, by renewing a Lease of the node's name; silence says that it is not. */
import { isAbort } from '../../runtime/abort.ts';
import type { Clock } from '../../runtime/clock.ts';
import { machineClock } from '../../runtime/clock.ts';
import { Deadline } from '../../runtime/deadline.ts';
import { machineRandom } from '../../runtime/random.ts';
import type { Random } from '../../runtime/random.ts';
import type { ClusterStore } from '../cluster-store.ts';
import { ConflictError, isStoreError } from '../errors.ts';
import type { ForeignDraft, Lease } from '../foreign.ts';
import { acquired, renewed } from './lease-record.ts';

export interface NodeLeaseOptions {
  readonly cluster: ClusterStore;
  readonly namespace: string;
  /** Name of the node, of the Lease, and the holder in it. */
  readonly nodeName: string;
  /** Asked before each renewal: whether the agent has looked at its host, and said so. While it says no, nothing is renewed. */
  readonly isHealthy: () => boolean;
  /** The agent's last statement: a renewal names it. */
  readonly statement?: (() => { readonly session: string; readonly number: number } | undefined) | undefined;
  /** Takes what ends the pause before the next renewal: there is something that is worth being told at once. */
  readonly onWake?: ((wake: () => void) => void) | undefined;
  /** Default 40 s. */
  readonly durationMs?: number | undefined;
  /** Default 10 s; up to a tenth more at random. */
  readonly renewMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** A renewal failed; the next comes in its time. */
  readonly onError: (error: unknown) => void;
}

const renewJitter = 0.1;

/** SESSION/NUMBER of the agent's last statement. */
export const statementAnnotation = 'rtvm.dev/statement';

/** Renews until the signal aborts, and leaves the Lease to lapse: an agent that is being replaced is back before that. */
export async function keepNodeLease(options: NodeLeaseOptions, signal: AbortSignal): Promise<void> {
  const { isHealthy, renewMs = 10_000, clock = machineClock, random = machineRandom, onError, onWake } = options;
  let lease: Lease | undefined;
  let pause = new AbortController();
  onWake?.(() => pause.abort());
  try {
    while (!signal.aborted) {
      if (isHealthy()) {
        const deadline = new Deadline(clock, signal, renewMs);
        try {
          lease = await renew(options, clock, lease, deadline.signal);
        } catch (error) {
          signal.throwIfAborted();
          lease = undefined;
          onError(error);
        } finally {
          deadline.clear();
        }
      }
      await clock.sleep(renewMs * (1 + renewJitter * random.fraction()), AbortSignal.any([signal, pause.signal]))
        .catch((error: unknown) => {
          if (signal.aborted || !pause.signal.aborted) throw error;
        });
      if (pause.signal.aborted) pause = new AbortController();
    }
  } catch (error) {
    if (!(signal.aborted && (error === signal.reason || isAbort(error)))) throw error;
  }
}

/** @param known as last written; it saves reading it first. */
async function renew(options: NodeLeaseOptions, clock: Clock, known: Lease | undefined, signal: AbortSignal): Promise<Lease> {
  const { cluster, namespace, nodeName, durationMs = 40_000 } = options;
  if (known?.spec !== undefined) {
    try {
      return await cluster.updateForeign('Lease', naming(options, { ...known, spec: renewed(known.spec, durationMs, clock.date()) }), signal);
    } catch (error) {
      if (!(error instanceof ConflictError) && !isStoreError(error, 'NOT_FOUND')) throw error;
    }
  }
  const current = await cluster.getForeign('Lease', { namespace, name: nodeName }, signal);
  const spec = acquired(current?.spec, nodeName, durationMs, clock.date());
  if (current === undefined) return cluster.createForeign('Lease', naming(options, { metadata: { namespace, name: nodeName }, spec }), signal);
  return cluster.updateForeign('Lease', naming(options, { ...current, spec }), signal);
}

function naming<Named extends Lease | ForeignDraft<'Lease'>>({ statement }: NodeLeaseOptions, lease: Named): Named {
  const last = statement?.();
  if (last === undefined) return lease;
  const { annotations } = lease.metadata;
  return {
    ...lease,
    metadata: { ...lease.metadata, annotations: { ...annotations, [statementAnnotation]: `${last.session}/${last.number}` } },
  };
}
