/** Brings one node's table to where the protocol says: taken over, fenced, judged, and open to its agent's session. */
import { assert } from '../realtime/assert.ts';
import { nextNodeStep } from '../protocol/node-table.ts';
import type { NodeStep, NodeWait } from '../protocol/node-table.ts';
import type { Restore } from '../protocol/facts.ts';
import type { Log } from '../runtime/log.ts';
import type { Random } from '../runtime/random.ts';
import { isStoreError } from '../store/errors.ts';
import type { Stored } from '../store/resource.ts';
import { asking } from './asked.ts';
import type { AllocationWriter } from './allocation-writer.ts';
import type { ClusterView } from './cluster-view.ts';
import type { NodeJudge } from './node-judge.ts';
import type { Seals } from './seals.ts';

type Spec = Stored<'RealtimeAllocation'>['spec'];

export interface NodeReconcilerOptions {
  readonly view: Pick<ClusterView, 'tableOf' | 'tableKnown' | 'tableGone'>;
  readonly writer: Pick<AllocationWriter, 'changeTable' | 'makeTable'>;
  readonly judge: NodeJudge;
  readonly seals: Pick<Seals, 'next'>;
  readonly random: Random;
  readonly log: Log;
  readonly restore: () => Restore | undefined;
  /** The agent contradicts the store: what it speaks of is read anew. @returns whether it still does. */
  readonly confirm: (nodeName: string, signal: AbortSignal) => Promise<boolean>;
  readonly openRestore: (why: string, signal: AbortSignal) => Promise<void>;
}

/** Each step leads to another row; more than all of them is a fault. */
const mostSteps = 20;

export class NodeReconciler {
  readonly #options: NodeReconcilerOptions;
  /** What each node waits for that people are told of once. */
  readonly #told = new Map<string, string>();

  constructor(options: NodeReconcilerOptions) {
    this.#options = options;
  }

  /** @returns what it waits for; undefined where it is settled. */
  async reconcile(name: string, signal: AbortSignal): Promise<NodeWait | undefined> {
    for (let steps = 0; ; steps += 1) {
      signal.throwIfAborted();
      assert(steps < mostSteps, 'what is to be done for a node comes to an end', { node: name });
      const { row, step } = nextNodeStep(this.#options.judge.situation(name));
      if (step.do === 'wait') {
        this.#tell(name, step.why);
        return step.why;
      }
      if (step.do === 'done') {
        this.#told.delete(name);
        return undefined;
      }
      try {
        await this.#carryOut(name, step, signal);
      } catch (error) {
        if (!isStoreError(error, 'CONFLICT')) throw error;
      }
      if (step.do === 'fence') this.#options.log.warn('node is fenced: a person says that its machine is off', { node: name, detail: row });
    }
  }

  async #carryOut(name: string, step: NodeStep, signal: AbortSignal): Promise<void> {
    const { writer, judge, seals, random, restore } = this.#options;
    const open = restore();
    const change = (how: (spec: Spec) => Spec) => writer.changeTable(name, how, signal);
    switch (step.do) {
      case 'makeTable':
        return writer.makeTable(name, this.#remembered(name, open), signal);
      case 'seal':
        return change(({ session: _, fenced, ...spec }) => ({
          ...spec, term: seals.next(), ...(open === undefined ? {} : { restore: open.id }),
          ...(fenced === true && open === undefined ? { fenced } : {}),
        }));
      case 'fence':
        return change(({ session: _, ...spec }) => ({
          ...spec, term: seals.next(), fenced: true,
          guests: spec.guests.map((entry) => (entry.desired === 'Running' ? asking(entry, 'Stopped', random) : entry)),
        }));
      case 'touch':
        return change((spec) => ({ ...spec, term: seals.next() }));
      case 'openRestore':
        if (await this.#options.confirm(name, signal)) await this.#options.openRestore(`node ${name} contradicts the store`, signal);
        return;
      case 'keep': {
        const kept = judge.homelessOn(name);
        return change(({ kept: _, ...spec }) => ({ ...spec, ...(kept.length === 0 ? {} : { kept }) }));
      }
      case 'dropStrays':
        return change((spec) => ({ ...spec, guests: spec.guests.filter((entry) => judge.staysIn(name, entry)) }));
      case 'openSession': {
        const session = judge.statement(name)?.session;
        await change(({ fenced: _, ...spec }) => ({ ...spec, session }));
        judge.hasAgreed(name);
        return;
      }
      case 'wait':
      case 'done':
    }
  }

  /** Absence gives nothing back: a table that was deleted is made as it was when it was last seen. I6. */
  #remembered(name: string, open: Restore | undefined): Spec {
    const { view, seals } = this.#options;
    const { guests = [], kept, restore, fenced }: Partial<Spec> = view.tableOf(name)?.spec ?? {};
    const sealedFor = open?.id ?? restore;
    return {
      guests, term: seals.next(),
      ...(sealedFor === undefined ? {} : { restore: sealedFor }),
      ...(kept === undefined ? {} : { kept }), ...(fenced === true && open === undefined ? { fenced } : {}),
    };
  }

  /** What takes a person is said once. */
  #tell(name: string, why: NodeWait): void {
    if (this.#told.get(name) === why) return;
    this.#told.set(name, why);
    const { log } = this.#options;
    switch (why) {
      case 'RunsTwice':
        log.error('a domain runs on a node whose VM was started elsewhere; nothing is ended, and nothing is started there', {
          node: name, remedy: 'end one of the two by hand ("virsh destroy" and "virsh undefine")',
        });
        break;
      case 'NotBelieved':
        log.error('an agent tells of what no controller has written; its node takes no guests', {
          node: name, remedy: 'look at its domains ("virsh list --all") and at who has written its RealtimeAllocation',
        });
        break;
      case 'NodeNotHeard':
      case 'RestoreOpen':
      case 'WordStands':
      case 'Removing':
        break;
    }
  }
}
