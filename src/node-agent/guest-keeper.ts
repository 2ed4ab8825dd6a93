/**
 * Makes one guest on this host what the allocation says, one step at a time: looks, decides by the protocol's table of
 * guests, acts, reports.
 *
 * It may be killed between any two lines: what it acts on is read from libvirt and the allocation each time, and every act
 * may be repeated. It never touches a domain whose metadata does not carry the guest's own UID.
 */
import type { AllocatedGuest, ReportedGuest } from '../crds/realtime-allocation.ts';
import { nextGuestStep } from '../protocol/guest-table.ts';
import type { GuestStep } from '../protocol/guest-table.ts';
import { domainName } from '../realtime/domain/domain-name.ts';
import { hasVariables } from '../realtime/domain/render-variables.ts';
import type { Guest } from '../realtime/guest.ts';
import { vmUid } from '../realtime/ids.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log, LogFields } from '../runtime/log.ts';
import { objectKey } from '../runtime/object-key.ts';
import type { ReconcileResult } from '../runtime/work-queue.ts';
import type { AgentEvent } from './agent-events.ts';
import type { AgentObserver } from './agent-observer.ts';
import { readEntry } from './allocation-entry.ts';
import { grantOf } from './domain-payload.ts';
import { noDrift, secondReadingMs } from './drift.ts';
import { GuestAuditor } from './guest-auditor.ts';
import { endOf, isAlive, isMadeWith, livingName, madeOf, nameOfEntry, situationOf } from './guest-look.ts';
import type { Look } from './guest-look.ts';
import { auditIsLate, reportOf, told } from './guest-report.ts';
import type { Said } from './guest-report.ts';
import type { GuestStarter } from './guest-starter.ts';
import { StartsUnderWay } from './starts-under-way.ts';
import { hasRun, newGuestState, noteEnd } from './guest-state.ts';
import type { GuestState } from './guest-state.ts';
import type { HostDomain, Hypervisor } from './hypervisor.ts';
import { startFailure, StartError } from './start-failure.ts';
import { assertAllowed } from './step-rules.ts';

export interface GuestKeeperOptions {
  readonly hypervisor: Hypervisor;
  readonly starter: GuestStarter;
  /** By its monotonic time audits are late, graces end and pauses are over, whatever is done to the wall clock. */
  readonly clock: Clock;
  readonly auditIntervalMs: number;
  readonly observer: AgentObserver;
  readonly log: Log;
  /** Whether the table names this agent's session: a controller has judged what lives here. */
  readonly isOpen: () => boolean;
  /** The VM's domain by the last look at all of them: its UUID is the entry's only where it was made of that. */
  readonly uuidOf: (uid: string) => string | undefined;
  /** What lives with no entry that says so may be otherwise now. */
  readonly lookAtAll: () => void;
  /** Takes a new report. That it cannot be told just now is no reason to look after guests any less. */
  readonly report: (report: ReportedGuest) => void;
  /** Tells people something once. */
  readonly event: (vm: AllocatedGuest['vm'], event: AgentEvent) => void;
  readonly lastReport: (uid: string) => ReportedGuest | undefined;
}

/** A start that takes no longer is told once, when it is over: two writes for nothing otherwise, here and in the VM's status. */
const quickStartMs = 2000;
/** How long to wait for the event that ends a change, should that event be lost. */
const changingCheckMs = 5000;

const atOnce: ReconcileResult = { requeueAfterMs: 0 };
/** An event, a new table or a new connection will ask for the next look. */
const onEvent: ReconcileResult = {};

export class GuestKeeper {
  readonly #options: GuestKeeperOptions;
  readonly #auditor: GuestAuditor;
  readonly #states = new Map<string, GuestState>();
  readonly #starts = new StartsUnderWay();

  constructor(options: GuestKeeperOptions) {
    this.#options = options;
    this.#auditor = new GuestAuditor({ ...options, late: (uid) => this.#tellLate(uid) });
  }

  forget(uid: string): void {
    this.#states.delete(uid);
    this.#auditor.forget(uid);
  }

  end(): void {
    this.#auditor.end();
  }

  isStarting(uid: string): boolean {
    return this.#starts.has(uid);
  }

  /** It is off, and was defined by a process before this one: a start that that one has sent may be under way still. */
  isLeft({ run, uuid }: HostDomain): boolean {
    return run === 'off' && !this.#starts.isOwn(uuid);
  }

  /** It is left, and libvirt has refused to undefine it. */
  cannotGo(domain: HostDomain): boolean {
    return this.isLeft(domain) && this.#starts.wasRefused(domain.uuid);
  }

  /** Whether every guest that runs, as far as is known, was audited in the last two intervals. */
  get auditsOnTime(): boolean {
    const { lastReport, auditIntervalMs, clock } = this.#options;
    const lateBeforeMs = clock.nowMs() - 2 * auditIntervalMs;
    return [...this.#states].every(([uid, { auditedAtMs }]) => lastReport(uid)?.phase !== 'Running' || auditedAtMs >= lateBeforeMs);
  }

  /** @param entry absent for a domain that no entry names. */
  async keep(uid: string, entry: AllocatedGuest | undefined, signal: AbortSignal): Promise<ReconcileResult> {
    const asked = entry === undefined ? undefined : readEntry(entry);
    const { hypervisor, uuidOf } = this.#options;
    const known = this.#states.get(uid);
    const uuid = uuidOf(uid) ?? asked?.guest.uuid;
    if (uuid === undefined) return onEvent;
    const found = hypervisor.isConnected ? await hypervisor.find(uuid, signal) : known?.lastSeen;
    const domain = found?.metadata?.uid === uid ? found : undefined;
    if (entry === undefined && domain === undefined) return onEvent;
    const look = this.#look(uid, entry, asked, domain);
    const { state } = look;
    if (domain?.run === 'running' || domain?.run === 'paused') state.lastSeen = domain;
    if (!hypervisor.isConnected) return domain === undefined ? onEvent : this.#audit(look, domain, signal);
    if (found !== undefined && domain === undefined && entry?.desired === 'Running') return this.#uuidTaken(look, found);
    return this.#step(look, signal);
  }

  #look(uid: string, entry: AllocatedGuest | undefined, asked: Look['asked'], domain: HostDomain | undefined): Look {
    const isEntrys = entry !== undefined && domain !== undefined && isMadeWith(entry, domain);
    const grant = isAlive(domain) ? livingName(entry, domain) : entry === undefined ? '' : nameOfEntry(entry);
    const { metadata } = domain ?? {};
    const vm = entry?.vm ?? { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '', uid };
    // An entry can be edited while it runs; what it was made of cannot.
    const made = domain === undefined ? undefined : madeOf(domain) ?? (isEntrys ? asked : undefined);
    return { vm, entry, asked, domain, isEntrys, made, grant, state: this.#state(uid, grant) };
  }

  async #step(look: Look, signal: AbortSignal): Promise<ReconcileResult> {
    const { entry, asked, domain, state, vm } = look;
    const { hypervisor, clock, isOpen } = this.#options;
    if (state.lastSeen !== undefined && !isAlive(domain)) this.#noteEnd(look);
    const situation = situationOf(look, {
      isOpen: isOpen(), isLeft: domain !== undefined && this.isLeft(domain), nowMs: clock.nowMs(),
    });
    const { step } = nextGuestStep(situation);
    assertAllowed(step, situation);
    switch (step.do) {
      case 'undefineLeft':
        if (look.isEntrys) state.end ??= endOf(domain);
        if (domain !== undefined) await this.#undefineLeft(look, domain, signal);
        this.#options.lookAtAll();
        return atOnce;
      case 'audit':
        // It was to be ended, and is to go on now.
        state.graceEndsMs = undefined;
        return domain === undefined ? onEvent : this.#audit(look, domain, signal);
      case 'start':
        return this.#start(look, signal);
      case 'requestShutdown':
        return this.#requestShutdown(look, signal);
      case 'destroy':
        this.#options.log.warn('guest did not switch off within its grace period; destroying its domain', {
          ...about(look), domain: domain?.name, gracePeriodSeconds: asked?.guest.terminationGracePeriodSeconds,
        });
        if (domain !== undefined) await hypervisor.destroy(domain.uuid, signal);
        return atOnce;
      case 'cleanUp':
        return this.#cleanUp(look, step.answer, signal);
      case 'wait':
        return this.#wait(look, step);
      case 'report':
        this.#report(look, reportOf(step.what, domain));
        return onEvent;
      case 'none':
        if (entry === undefined) this.forget(vm.uid);
        return onEvent;
    }
  }

  async #undefineLeft(look: Look, { uuid, name }: HostDomain, signal: AbortSignal): Promise<void> {
    const { hypervisor, lookAtAll } = this.#options;
    const wasRefused = this.#starts.wasRefused(uuid);
    try {
      await this.#starts.undefineLeft(uuid, () => hypervisor.undefine(uuid, signal, { nvram: true }));
    } catch (error) {
      if (this.#starts.wasRefused(uuid)) {
        const { reason, message } = startFailure(error);
        this.#report(look, { phase: 'Unknown', reason, message: `domain ${name} is off and cannot be undefined: ${message}`, lives: true });
        if (!wasRefused) lookAtAll();
      }
      throw error;
    }
  }

  #wait(look: Look, { why, forMs = changingCheckMs }: Extract<GuestStep, { do: 'wait' }>): ReconcileResult {
    const last = this.#options.lastReport(look.vm.uid);
    const said = told(why, last);
    if (said !== undefined) this.#report(look, said);
    return why === 'NotOpen' ? onEvent : { requeueAfterMs: forMs };
  }

  async #requestShutdown(look: Look, signal: AbortSignal): Promise<ReconcileResult> {
    const { asked, domain, state } = look;
    const { hypervisor, clock } = this.#options;
    const seconds = asked?.guest.terminationGracePeriodSeconds ?? 0;
    state.graceEndsMs = clock.nowMs() + 1000 * seconds;
    this.#report(look, {
      phase: 'Stopping', reason: 'ShutdownRequested',
      message: `the guest was asked to switch off, and is ended after ${seconds} s if it does not`,
    });
    if (domain !== undefined) await hypervisor.requestShutdown(domain.uuid, signal);
    return atOnce;
  }

  async #cleanUp(look: Look, answer: 'Stopped' | 'Removed', signal: AbortSignal): Promise<ReconcileResult> {
    const { entry, asked, domain, state, vm } = look;
    const { hypervisor, starter } = this.#options;
    if (entry === undefined || asked === undefined) return onEvent;
    if (domain === undefined) await this.#removeVariables(look, answer, signal);
    else await hypervisor.undefine(domain.uuid, signal);
    const stays = answer === 'Stopped';
    await starter.cleanUp(entry, { nodeLocal: stays, serialLog: stays && staysHere(asked.guest) });
    this.#auditor.forget(vm.uid);
    const ended: Look = { ...look, domain: undefined, grant: nameOfEntry(entry) };
    this.#report({ ...ended, state: { ...state, startedAtMs: undefined } }, {
      ...(stays
        ? { phase: answer, reason: 'Halted', message: 'the domain has ended, as it was meant to' }
        : { phase: answer, reason: 'Removed', message: 'nothing of it is left on the host' }),
      answered: answer, request: entry.request,
    });
    return onEvent;
  }

  /** Of what an agent before this one, or this one for it, has undefined without its variables. */
  async #removeVariables(look: Look, answer: 'Stopped' | 'Removed', signal: AbortSignal): Promise<void> {
    const { entry, asked, vm } = look;
    if (entry === undefined || asked === undefined || !hasVariables(asked.guest)) return;
    const last = this.#options.lastReport(vm.uid);
    if (last?.answered === answer && last.grant === nameOfEntry(entry)) return;
    try {
      await this.#options.starter.removeVariables(entry, asked.guest, asked.placement, signal);
    } catch (error) {
      if (signal.aborted || this.#starts.isUnknown(error)) throw error;
      // A host without UEFI has none, and what has the domain's name by now has its variables, too.
      this.#options.log.info('libvirt has not removed UEFI variables', { ...about(look), error });
    }
  }

  async #start(look: Look, signal: AbortSignal): Promise<ReconcileResult> {
    const { entry, asked, state, vm: { uid } } = look;
    if (entry === undefined || asked === undefined) return onEvent;
    const { hypervisor, starter, clock, isOpen } = this.#options;
    if (!starter.knowsOffer) return onEvent;
    const slow = clock.after(quickStartMs, () => (
      this.#report({ ...look, domain: undefined }, {
        phase: 'Starting', reason: 'Starting', message: 'the domain is being prepared and started', lives: true,
      })
    ));
    const again = hasRun(state);
    try {
      const domains = await hypervisor.list(signal);
      const own = domains.find((one) => one.metadata?.uid === uid && isAlive(one));
      if (own !== undefined) {
        this.#options.lookAtAll();
        return { requeueAfterMs: secondReadingMs };
      }
      // Meanwhile the table may have been sealed anew, and what lives been stated for that: nothing may start after it.
      if (!isOpen()) return atOnce;
      const claims = { uid, uuid: asked.guest.uuid, name: nameOf(look), placement: entry.placement };
      await this.#starts.during(claims, domains, () => starter.start(entry, asked.guest, asked.placement, signal));
    } catch (error) {
      return await this.#startFailed(look, entry, error, signal);
    } finally {
      slow.cancel();
    }
    if (again) state.restarts += 1;
    Object.assign(state, { startedAtMs: clock.date().getTime(), graceEndsMs: undefined, drift: noDrift, end: undefined });
    const domain = await hypervisor.find(asked.guest.uuid, signal);
    if (domain?.run !== 'running') return atOnce;
    state.lastSeen = domain;
    const { requeueAfterMs } = await this.#audit(this.#look(uid, entry, asked, domain), domain, signal);
    // Some threads come with the guest's first instructions.
    return { requeueAfterMs: Math.min(requeueAfterMs ?? secondReadingMs, secondReadingMs) };
  }

  async #startFailed(look: Look, entry: AllocatedGuest, error: unknown, signal: AbortSignal): Promise<ReconcileResult> {
    const { state, vm: { uid }, asked } = look;
    const { hypervisor, starter, clock, log } = this.#options;
    // Whether it runs is not known then: the next look will see.
    if (signal.aborted || this.#starts.isUnknown(error)) throw error;
    const left = await hypervisor.find(asked?.guest.uuid ?? '', signal);
    const ours = left?.metadata?.uid === uid;
    if (ours && left.run !== 'off') return atOnce;
    if (ours) await hypervisor.undefine(left.uuid, signal);
    await starter.cleanUp(entry, { nodeLocal: true, serialLog: true });
    noteEnd(state, clock);
    const failure = startFailure(error);
    log.warn('guest did not start', {
      ...about(look), phase: 'Failed', reason: failure.reason, detail: failure.message, error,
    });
    this.#report({ ...look, domain: undefined }, { phase: 'Failed', ...failure });
    return { requeueAfterMs: Math.max(0, (state.retryAtMs ?? 0) - clock.nowMs()) };
  }

  /** What does not say what it was made of is left as it is, and nothing is said to hold of it. */
  async #audit(look: Look, domain: HostDomain, signal: AbortSignal): Promise<ReconcileResult> {
    const { entry, isEntrys, made } = look;
    const isStopping = entry !== undefined && entry.desired !== 'Running';
    const otherwise: Said | undefined = isEntrys ? undefined : {
      phase: 'Unknown', reason: 'OtherGrant',
      message: `domain ${domain.name} runs as it was made, which is not what its allocation says; it is left as it is`,
    };
    if (made === undefined) {
      if (otherwise !== undefined) this.#report(look, otherwise);
      return onEvent;
    }
    return this.#auditor.audit(look, domain, made, (found) => {
      this.#report(look, otherwise ?? (isStopping ? { ...found, phase: 'Stopping', reason: 'NotOpen' } : found));
    }, signal);
  }

  #tellLate(uid: string): void {
    const last = this.#options.lastReport(uid);
    if (last?.phase === 'Running') this.#options.report(auditIsLate(last));
  }

  #uuidTaken(look: Look, found: HostDomain): ReconcileResult {
    const failure = startFailure(new StartError('UuidTaken', `the UUID ${found.uuid} (spec.firmware.uuid) is that of domain ${found.name} on this host, which is not this VM's; accepted: a UUID that no other VM has, or none`));
    this.#report(look, { phase: 'Failed', ...failure });
    return onEvent;
  }

  /** It has ended since it was last seen. */
  #noteEnd(look: Look): void {
    const { state, entry, vm, domain } = look;
    state.lastSeen = undefined;
    state.drift = noDrift;
    state.end = endOf(domain) ?? state.end;
    this.#auditor.forget(vm.uid);
    if (entry?.desired !== 'Running') return;
    noteEnd(state, this.#options.clock);
    this.#options.log.warn('domain ended', about(look));
  }

  #report({ vm, grant, entry, asked, state, domain }: Look, said: Said): void {
    if (entry === undefined) return;
    const { startedAtMs } = state;
    const { metadata } = domain ?? {};
    const restartedAt = metadata === undefined ? undefined : grantOf(metadata).restartedAt;
    this.#options.report({
      uid: vm.uid,
      ...said,
      grant,
      ...(said.lives === true || isAlive(domain) ? { lives: true } : {}),
      ...(startedAtMs === undefined
        ? {}
        : {
            domain: {
              name: domain?.name ?? domainName({ ...vm, uid: vmUid(vm.uid) }),
              uuid: domain?.uuid ?? asked?.guest.uuid ?? '',
              generation: metadata?.generation ?? entry.generation,
              ...(restartedAt === undefined ? {} : { restartedAt }),
              startedAt: new Date(startedAtMs).toISOString(),
              restarts: state.restarts,
            },
          }),
    });
  }

  #state(uid: string, grant: string): GuestState {
    const known = this.#states.get(uid);
    if (known?.grant === grant) return known;
    const last = this.#options.lastReport(uid);
    // An agent of an earlier version names no grant, and has told of the one that is there.
    const toldOfIt = known === undefined && (last?.grant ?? grant) === grant ? last : undefined;
    const state = newGuestState(grant, known, toldOfIt, this.#options.clock.nowMs());
    this.#states.set(uid, state);
    return state;
  }
}

/** A VM that is halted comes back to this node, or else its entry goes, and nobody asks for what is left of it to be removed. */
function staysHere({ disks }: Guest): boolean {
  return disks.some(({ persistence }) => persistence === 'NodeLocal');
}

function nameOf({ vm }: Look): string {
  return domainName({ ...vm, uid: vmUid(vm.uid) });
}

function about({ vm, entry }: Look): LogFields {
  return { vm: objectKey(vm), request: entry?.request };
}
