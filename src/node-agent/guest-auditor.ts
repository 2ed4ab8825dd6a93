/** Audits one guest's domain against the grant that it was made with, puts right what drifted, and knows when an audit is late. */
import { assert } from '../realtime/assert.ts';
import type { AllocatedGuest, ReportedGuest } from '../crds/realtime-allocation.ts';
import type { Audit } from '../realtime/finding.ts';
import type { ObservedProcess } from '../realtime/observed.ts';
import { audit } from '../realtime/verify/audit.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Log, LogFields } from '../runtime/log.ts';
import { objectKey } from '../runtime/object-key.ts';
import type { ReconcileResult } from '../runtime/work-queue.ts';
import { correctedEvent } from './agent-events.ts';
import type { AgentEvent } from './agent-events.ts';
import type { AgentObserver } from './agent-observer.ts';
import { auditReport, findingText } from './audit-report.ts';
import { answerAudit } from './drift.ts';
import type { DriftAnswer } from './drift.ts';
import type { Look, Made } from './guest-look.ts';
import { HostError } from './host/host-error.ts';
import type { HostDomain, Hypervisor } from './hypervisor.ts';
import { placeOnce } from './kernel-made-threads.ts';

export interface GuestAuditorOptions {
  readonly hypervisor: Pick<Hypervisor, 'observe' | 'correct'>;
  /** By its monotonic time audits are late, whatever is done to the wall clock. */
  readonly clock: Clock;
  readonly auditIntervalMs: number;
  readonly observer: AgentObserver;
  readonly log: Log;
  /** Tells people something once. */
  readonly event: (vm: AllocatedGuest['vm'], event: AgentEvent) => void;
  /** Of this VM no audit was made for two intervals. */
  readonly late: (uid: string) => void;
}

export type AuditedAs = Omit<ReportedGuest, 'uid' | 'domain'>;

export class GuestAuditor {
  readonly #options: GuestAuditorOptions;
  readonly #lateness = new Map<string, Timer>();

  constructor(options: GuestAuditorOptions) {
    this.#options = options;
  }

  /** @param report takes what was found, as soon as that is known. */
  async audit(
    look: Look, domain: HostDomain, made: Made, report: (found: AuditedAs) => void, signal: AbortSignal,
  ): Promise<ReconcileResult> {
    const { state, vm } = look;
    const { clock, auditIntervalMs, observer } = this.#options;
    state.startedAtMs ??= clock.date().getTime();
    const { observed, found } = await this.#observe(look, domain, made, signal);
    const answer = answerAudit(state.drift, found, clock.nowMs());
    assert(observed !== undefined || !answer.audit.verified, 'nothing is verified that was not read', vm);
    state.drift = answer.memory;
    state.auditedAtMs = clock.nowMs();
    this.#expectNext(vm.uid);
    observer.audited(vm, answer.audit, observed);
    if (observed !== undefined) await this.#correct(look, domain, observed, answer, signal);
    report(auditReport(answer));
    return { requeueAfterMs: answer.againInMs ?? auditIntervalMs };
  }

  /** It does not run any more, or is not looked after. */
  forget(uid: string): void {
    this.#lateness.get(uid)?.cancel();
    this.#lateness.delete(uid);
  }

  end(): void {
    for (const uid of [...this.#lateness.keys()]) this.forget(uid);
  }

  #expectNext(uid: string): void {
    const { clock, auditIntervalMs, late } = this.#options;
    this.#lateness.get(uid)?.cancel();
    // One interval may be waited, and one be worked.
    this.#lateness.set(uid, clock.after(2 * auditIntervalMs + graceMs, () => late(uid), { background: true }));
  }

  async #correct(
    look: Look, domain: HostDomain, observed: ObservedProcess, { correct, audit: { findings } }: DriftAnswer,
    signal: AbortSignal,
  ): Promise<void> {
    const { vm } = look;
    if (correct.length === 0) return;
    const { hypervisor, observer, log, event } = this.#options;
    observer.correcting(vm, correct.length);
    const texts = findings.map(findingText);
    log.warn('correcting threads', { ...about(look), domain: domain.name, findings: texts });
    event(vm, correctedEvent(texts.join('; ')));
    try {
      await hypervisor.correct(observed, correct, domain, signal);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      log.warn('thread not corrected', { ...about(look), domain: domain.name, error });
    }
  }

  /** One reading; what the kernel has made for the guest since the last one is put in its place before. */
  async #observe(
    look: Look, domain: HostDomain, { guest, placement }: Made, signal: AbortSignal,
  ): Promise<{ observed: ObservedProcess | undefined; found: Audit }> {
    const { state } = look;
    const { hypervisor, log } = this.#options;
    const observed = hypervisor.observe(domain);
    const found = audit(guest, placement, observed);
    if (observed === undefined) return { observed, found };
    const { set, placed } = placeOnce(found, observed, state.placed);
    if (set.length === 0) return { observed, found };
    state.placed = placed;
    for (const one of set) {
      try {
        await hypervisor.correct(observed, [one], domain, signal);
      } catch (error) {
        if (!(error instanceof HostError)) throw error;
        // Where it matters, it is a finding of the reading that follows.
        log.info('thread of the kernel not placed', { ...about(look), domain: domain.name, error });
      }
    }
    const again = hypervisor.observe(domain);
    return { observed: again, found: audit(guest, placement, again) };
  }
}

function about({ vm, entry }: Look): LogFields {
  return { vm: objectKey(vm), request: entry?.request };
}

/** A reading takes some milliseconds, and a housekeeping CPU may be busy. */
const graceMs = 2000;
