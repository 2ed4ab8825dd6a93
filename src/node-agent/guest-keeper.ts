/**
 * Makes one guest on this host what the allocation says, one step at a time: looks, decides with `nextStep`, acts, reports.
 *
 * It may be killed between any two lines: what it acts on is read from libvirt and the allocation each time, and every act
 * may be repeated. It never touches a domain whose metadata does not carry the guest's own UID.
 */
import type { AllocatedGuest, ReportedGuest } from '../crds/realtime-allocation.ts';
import { assert } from '../realtime/assert.ts';
import { vmUid } from '../realtime/ids.ts';
import { domainName } from '../realtime/domain/domain-name.ts';
import type { Guest } from '../realtime/guest.ts';
import type { Placement } from '../realtime/placement.ts';
import type { Audit } from '../realtime/finding.ts';
import type { ObservedProcess } from '../realtime/observed.ts';
import { audit } from '../realtime/verify/audit.ts';
import { LibvirtConnectionError } from '../libvirt/errors.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log, LogFields } from '../runtime/log.ts';
import { objectKey } from '../runtime/object-key.ts';
import type { ReconcileResult } from '../runtime/work-queue.ts';
import { readEntry } from './allocation-entry.ts';
import { answerAudit, noDrift, secondReadingMs } from './drift.ts';
import { correctedEvent } from './agent-events.ts';
import type { AgentEvent } from './agent-events.ts';
import type { AgentObserver } from './agent-observer.ts';
import { newGuestState, noteEnd } from './guest-state.ts';
import type { GuestState } from './guest-state.ts';
import type { GuestStarter } from './guest-starter.ts';
import { HostError } from './host/host-error.ts';
import type { DomainEnd, HostDomain, Hypervisor } from './hypervisor.ts';
import { restartedAtOf } from './domain-payload.ts';
import { requireCpusFree } from './cpus-free.ts';
import { holds } from './orphans.ts';
import { placeOnce } from './kernel-made-threads.ts';
import { nextStep } from './next-step.ts';
import type { Situation } from './next-step.ts';
import { assertAllowed } from './step-rules.ts';
import { auditReport, findingText } from './audit-report.ts';
import { startFailure, StartError } from './start-failure.ts';

export interface GuestKeeperOptions {
  readonly hypervisor: Hypervisor;
  readonly starter: GuestStarter;
  /** By its monotonic time audits are late, graces end and pauses are over, whatever is done to the wall clock. */
  readonly clock: Clock;
  readonly auditIntervalMs: number;
  readonly observer: AgentObserver;
  readonly log: Log;
  /** The table asks for something that it has asked for before, in the meantime not. */
  readonly hasPassed: (entry: AllocatedGuest) => boolean;
  /** A guest's domain runs with another placement than its allocation says. */
  readonly heldElsewise: () => void;
  /** Takes a new report. That it cannot be told just now is no reason to look after guests any less. */
  readonly report: (report: ReportedGuest) => void;
  /** Tells people something once. */
  readonly event: (vm: AllocatedGuest['vm'], event: AgentEvent) => void;
  readonly lastReport: (uid: string) => ReportedGuest | undefined;
}

/** One guest as this look at it sees it. */
interface Look {
  readonly uid: string;
  readonly entry: AllocatedGuest;
  readonly guest: Guest;
  readonly placement: Placement;
  readonly domain: HostDomain | undefined;
  readonly state: GuestState;
}

/** A start that takes no longer is told once, when it is over: two writes for nothing otherwise, here and in the VM's status. */
const quickStartMs = 2000;

const atOnce: ReconcileResult = { requeueAfterMs: 0 };
/** An event or a new connection will ask for the next look. */
const onEvent: ReconcileResult = {};

export class GuestKeeper {
  readonly #options: GuestKeeperOptions;
  readonly #states = new Map<string, GuestState>();

  constructor(options: GuestKeeperOptions) {
    this.#options = options;
  }

  forget(uid: string): void {
    this.#states.delete(uid);
  }

  /** Whether every guest that runs, as far as is known, was audited in the last two intervals. */
  get auditsOnTime(): boolean {
    const { lastReport, auditIntervalMs, clock } = this.#options;
    const lateBeforeMs = clock.nowMs() - 2 * auditIntervalMs;
    return [...this.#states].every(([uid, { auditedAtMs }]) => lastReport(uid)?.phase !== 'Running' || auditedAtMs >= lateBeforeMs);
  }

  async keep(entry: AllocatedGuest, signal: AbortSignal): Promise<ReconcileResult> {
    const { uid } = entry.vm;
    const state = this.#state(uid);
    const { guest, placement } = readEntry(entry);
    const { hypervisor } = this.#options;
    const found = hypervisor.isConnected ? await hypervisor.find(guest.uuid, signal) : state.lastSeen;
    const domain = found?.metadata?.uid === uid ? found : undefined;
    const look: Look = { uid, entry, guest, placement, domain, state };
    if (domain?.run === 'running' || domain?.run === 'paused') state.lastSeen = domain;
    if (!hypervisor.isConnected) return domain === undefined ? onEvent : this.#audit(look, domain, signal);
    if (found !== undefined && domain === undefined && entry.desired === 'Running') return this.#uuidTaken(look, found);
    if (domain?.metadata !== undefined && domain.run !== 'off' && entry.desired !== 'Removed' && !holds(domain.metadata, entry.placement)) return this.#heldElsewise(look, domain);
    return this.#step(look, signal);
  }

  async #step(look: Look, signal: AbortSignal): Promise<ReconcileResult> {
    const { entry, guest, domain, state, uid } = look;
    const { hypervisor, starter, clock } = this.#options;
    const hasRun = state.startedAtMs !== undefined || (domain?.run === 'off' && domain.end !== 'unknown' && domain.end !== 'failed');
    if (state.lastSeen !== undefined && (domain === undefined || domain.run === 'off')) this.#noteEnd(look);
    const situation: Situation = {
      desired: entry.desired, domain: domain?.run ?? 'absent', end: endOf(domain, this.#options.lastReport(uid)), runStrategy: guest.runStrategy, hasRun, restart: isRestartDue(look),
      graceEndsMs: state.graceEndsMs, retryAtMs: state.retryAtMs, nowMs: clock.nowMs(),
    };
    const step = nextStep(situation);
    assertAllowed(step, situation);
    switch (step.do) {
      case 'start':
        return this.#options.hasPassed(entry) ? this.#wishPassed(look) : this.#start(look, hasRun, signal);
      case 'audit':
        // It was to be ended, and is to go on now.
        state.graceEndsMs = undefined;
        return this.#audit(look, domain, signal);
      case 'requestShutdown':
        state.graceEndsMs = clock.nowMs() + 1000 * guest.terminationGracePeriodSeconds;
        this.#report(look, { phase: 'Stopping', reason: 'ShutdownRequested', message: `the guest was asked to switch off, and is ended after ${guest.terminationGracePeriodSeconds} s if it does not` });
        await hypervisor.requestShutdown(guest.uuid, signal);
        return atOnce;
      case 'destroy':
        this.#options.log.warn('guest did not switch off within its grace period; destroying its domain', {
          ...about(entry), domain: domain?.name, gracePeriodSeconds: guest.terminationGracePeriodSeconds,
        });
        await hypervisor.destroy(guest.uuid, signal);
        return atOnce;
      case 'cleanUp':
        if (domain !== undefined) await hypervisor.undefine(guest.uuid, signal);
        await starter.cleanUp(entry, { nodeLocal: step.keepNodeLocal, serialLog: step.keepNodeLocal && staysHere(guest) });
        state.startedAtMs = undefined;
        this.#report(look, step.keepNodeLocal
          ? { phase: 'Stopped', reason: 'Halted', message: 'the domain has ended, as it was meant to', request: entry.request }
          : { phase: 'Removed', reason: 'Removed', message: 'nothing of it is left on the host', request: entry.request });
        this.#states.delete(uid);
        return onEvent;
      case 'wait':
        return { requeueAfterMs: step.forMs };
      case 'report':
        this.#report(look, reports[step.what](domain));
        return onEvent;
    }
  }

  async #start(look: Look, again: boolean, signal: AbortSignal): Promise<ReconcileResult> {
    const { entry, guest, placement, state, uid } = look;
    const { hypervisor, starter, clock } = this.#options;
    const slow = clock.after(quickStartMs, () => (
      this.#report(look, { phase: 'Starting', reason: 'Starting', message: 'the domain is being prepared and started' })
    ));
    try {
      requireCpusFree(uid, placement, await hypervisor.list(signal));
      await starter.start(entry, guest, placement, signal);
    } catch (error) {
      // Whether it runs is not known then: the next look will see.
      if (signal.aborted || error instanceof LibvirtConnectionError) throw error;
      const left = await hypervisor.find(guest.uuid, signal);
      const ours = left?.metadata?.uid === uid;
      if (ours && left.run !== 'off') return atOnce;
      if (ours) await hypervisor.undefine(guest.uuid, signal);
      await starter.cleanUp(entry, { nodeLocal: true, serialLog: true });
      noteEnd(state, clock);
      const failure = startFailure(error);
      this.#options.log.warn('guest did not start', {
        ...about(entry), phase: 'Failed', reason: failure.reason, detail: failure.message, error,
      });
      this.#report(look, { phase: 'Failed', ...failure });
      return { requeueAfterMs: Math.max(0, (state.retryAtMs ?? 0) - clock.nowMs()) };
    } finally {
      slow.cancel();
    }
    if (again) state.restarts += 1;
    state.startedAtMs = clock.date().getTime();
    state.graceEndsMs = undefined;
    state.drift = noDrift;
    const domain = await hypervisor.find(guest.uuid, signal);
    if (domain?.run !== 'running') return atOnce;
    state.lastSeen = domain;
    const { requeueAfterMs } = await this.#audit({ ...look, domain }, domain, signal);
    // Some threads come with the guest's first instructions.
    return { requeueAfterMs: Math.min(requeueAfterMs ?? secondReadingMs, secondReadingMs) };
  }

  async #audit(look: Look, domain: HostDomain | undefined, signal: AbortSignal): Promise<ReconcileResult> {
    const { state, entry } = look;
    const { hypervisor, clock, auditIntervalMs, log, observer } = this.#options;
    if (domain === undefined) return onEvent;
    state.startedAtMs ??= clock.date().getTime();
    const { observed, found } = await this.#observe(look, domain, signal);
    const answer = answerAudit(state.drift, found, clock.nowMs());
    assert(observed !== undefined || !answer.audit.verified, 'nothing is verified that was not read', entry.vm);
    state.drift = answer.memory;
    state.auditedAtMs = clock.nowMs();
    observer.audited(entry.vm, answer.audit, observed);
    if (answer.correct.length > 0 && observed !== undefined) {
      observer.correcting(entry.vm, answer.correct.length);
      const findings = answer.audit.findings.map(findingText);
      log.warn('correcting threads', { ...about(entry), domain: domain.name, findings });
      this.#options.event(entry.vm, correctedEvent(findings.join('; ')));
      try {
        await hypervisor.correct(observed, answer.correct, domain, signal);
      } catch (error) {
        if (!(error instanceof HostError)) throw error;
        log.warn('thread not corrected', { ...about(entry), domain: domain.name, error });
      }
    }
    this.#report(look, auditReport(answer));
    return { requeueAfterMs: answer.againInMs ?? auditIntervalMs };
  }

  /** One reading; what the kernel has made for the guest since the last one is put in its place before. */
  async #observe(
    { guest, placement, state, entry }: Look, domain: HostDomain, signal: AbortSignal,
  ): Promise<{ observed: ObservedProcess | undefined; found: Audit }> {
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
        log.info('thread of the kernel not placed', { ...about(entry), domain: domain.name, error });
      }
    }
    const again = hypervisor.observe(domain);
    return { observed: again, found: audit(guest, placement, again) };
  }

  /** The controller asks anew, once it knows that the VM runs nowhere else. */
  #wishPassed(look: Look): ReconcileResult {
    this.#report(look, { phase: 'Placed', reason: 'TableWentBack', message: 'its allocation has gone back to an older state, since when the VM may have been started on another node: it is started when the controller has heard from all nodes and asks for it anew', ...(look.entry.request === undefined ? {} : { request: look.entry.request }) });
    return onEvent;
  }

  #uuidTaken(look: Look, found: HostDomain): ReconcileResult {
    const failure = startFailure(new StartError('UuidTaken', `the UUID ${look.guest.uuid} (spec.firmware.uuid) is that of domain ${found.name} on this host, which is not this VM's; accepted: a UUID that no other VM has, or none`));
    this.#report(look, { phase: 'Failed', ...failure });
    return onEvent;
  }

  /** Its threads are left where they are: an allocation that was lost and made anew must not move a running guest. */
  #heldElsewise(look: Look, { name }: HostDomain): ReconcileResult {
    this.#report(look, { phase: 'Unknown', reason: 'HeldElsewise', message: `domain ${name} runs with another placement than its allocation says; it is left as it is until the allocation says what the domain holds` });
    this.#options.heldElsewise();
    return onEvent;
  }

  /** It has ended since it was last seen. */
  #noteEnd(look: Look): void {
    const { state, entry } = look;
    state.lastSeen = undefined;
    state.drift = noDrift;
    if (entry.desired !== 'Running' || isRestartDue(look)) return;
    noteEnd(state, this.#options.clock);
    this.#options.log.warn('domain ended', about(entry));
  }

  #report({ uid, guest, entry, state, domain }: Look, what: Omit<ReportedGuest, 'uid' | 'domain'>): void {
    const { startedAtMs } = state;
    const restartedAt = domain?.metadata === undefined ? undefined : restartedAtOf(domain.metadata.payload);
    this.#options.report({
      uid,
      ...what,
      ...(startedAtMs === undefined
        ? {}
        : {
            domain: {
              name: domain?.name ?? domainName({ ...entry.vm, uid: vmUid(uid) }),
              uuid: guest.uuid,
              generation: domain?.metadata?.generation ?? entry.generation,
              ...(restartedAt === undefined ? {} : { restartedAt }),
              startedAt: new Date(startedAtMs).toISOString(),
              restarts: state.restarts,
            },
          }),
    });
  }

  #state(uid: string): GuestState {
    let state = this.#states.get(uid);
    if (state === undefined) {
      state = newGuestState(this.#options.lastReport(uid), this.#options.clock.nowMs());
      this.#states.set(uid, state);
    }
    return state;
  }
}

/** A VM that is halted comes back to this node, or else its entry goes, and nobody asks for what is left of it to be removed. */
function staysHere({ disks }: Guest): boolean {
  return disks.some(({ persistence }) => persistence === 'NodeLocal');
}

/** Later, not other: a backup of the cluster that is put back restarts nothing. */
function isRestartDue({ entry: { restartedAt }, domain }: Look): boolean {
  if (restartedAt === undefined || domain?.metadata === undefined) return false;
  const madeWith = restartedAtOf(domain.metadata.payload);
  return madeWith === undefined || Date.parse(restartedAt) > Date.parse(madeWith);
}

const reports: Readonly<Record<'paused' | 'succeeded' | 'ended', (domain: HostDomain | undefined) => Omit<ReportedGuest, 'uid' | 'domain'>>> = {
  paused: (domain) => ({ phase: 'Unknown', reason: 'Paused', message: `the domain is paused (${domain?.pausedBecause ?? 'nobody knows why'}); "virsh resume ${domain?.name ?? ''}" lets it go on, "virsh destroy" ends it` }),
  succeeded: () => ({ phase: 'Stopped', reason: 'Succeeded', message: 'the guest has switched itself off' }),
  ended: () => ({ phase: 'Stopped', reason: 'Ended', message: 'the domain has ended, and its run strategy does not start it again' }),
};

/** How it ended, as libvirt says; where it has forgotten, as this agent or one before it has told while libvirt still knew. */
function endOf(domain: HostDomain | undefined, told: ReportedGuest | undefined): DomainEnd | undefined {
  const end = domain?.end ?? 'unknown';
  return end === 'unknown' && told?.phase === 'Stopped' && told.reason === 'Succeeded' ? 'shutdown' : domain?.end;
}

function about({ vm, request }: AllocatedGuest): LogFields {
  return { vm: objectKey(vm), request };
}
