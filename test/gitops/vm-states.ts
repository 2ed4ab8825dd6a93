// Every state of a RealtimeVM that a GitOps tool can meet, with the status that the controller's own code writes of it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { formatProblem } from '../../src/crds/document-problem.ts';
import type { AllocatedGuest } from '../../src/crds/realtime-allocation.ts';
import type { RealtimeVm } from '../../src/crds/realtime-vm.ts';
import { toVmSpec } from '../../src/crds/to-vm-spec.ts';
import { resolveGuest } from '../../src/realtime/resolve/resolve-guest.ts';
import type { UnknownBecause, VmStanding } from '../../src/controller/vm-report.ts';
import { statusOf } from '../../src/controller/vm-status.ts';
import type { Stored } from '../../src/store/resource.ts';
import { asStored, createdAt, entryOf, exampleVm, refusalOf } from './example-guest.ts';
import { reports } from './guest-reports.ts';
import type { Report } from './guest-reports.ts';

/** What Flux makes of an object, by kstatus alone or by `healthCheckExprs`. */
export type Reading = 'Current' | 'InProgress' | 'Failed';

export interface VmState {
  /** `HEALTH_WHAT`, as Argo CD names its test data. */
  readonly name: string;
  readonly vm: Stored<'RealtimeVM'>;
  /** What kstatus reads with no help. */
  readonly kstatus: Reading;
  /** What the expressions in deploy/flux read. */
  readonly flux: Reading;
}

type Readings = Pick<VmState, 'kstatus' | 'flux'>;

const current: Readings = { kstatus: 'Current', flux: 'Current' };
const inProgress: Readings = { kstatus: 'InProgress', flux: 'InProgress' };
const failed: Readings = { kstatus: 'Failed', flux: 'Failed' };
/** kstatus takes a Ready that is False for one that will be True. */
const doneForFluxAlone: Readings = { kstatus: 'InProgress', flux: 'Current' };

const plc = 'plc-vm.yaml';
const now = new Date(Date.parse(createdAt) + 60_000);

export function vmStates(): readonly VmState[] {
  return [
    { name: 'progressing_unseen', vm: { ...stored('unseen'), status: defaultStatus() }, ...inProgress },
    { name: 'progressing_changed', vm: later(placed('changed', reports.verified)), ...inProgress },
    { name: 'progressing_unplaced', vm: standing(stored('unplaced'), { kind: 'unplaced', ...refusalOf(plc) }), ...inProgress },
    { name: 'progressing_placed', vm: placed('placed', undefined), ...inProgress },
    { name: 'progressing_starting', vm: placed('starting', reports.starting), ...inProgress },
    { name: 'progressing_not_audited', vm: placed('not-audited', reports.notAudited), ...inProgress },
    { name: 'progressing_halting', vm: placed('halting', reports.stopping, { spec: { runStrategy: 'Halted' }, entry: { desired: 'Stopped' } }), ...inProgress },
    { name: 'progressing_drained', vm: placed('drained', reports.halted, { spec: { evictionStrategy: 'Shutdown' }, entry: { desired: 'Stopped' }, drains: true }), ...inProgress },
    { name: 'healthy_verified', vm: placed('verified', reports.verified), ...current },
    { name: 'healthy_plain', vm: plain(), ...current },
    { name: 'healthy_restart_required', vm: placed('restart-required', reports.verified, { restartRequired: 'the domain runs the spec of generation 1; that of generation 2 is taken up at the next start' }), ...current },
    { name: 'healthy_halted', vm: standing(stored('halted', { runStrategy: 'Halted' }), { kind: 'halted' }), ...current },
    { name: 'healthy_halted_with_disk', vm: placed('halted-with-disk', reports.halted, { spec: { runStrategy: 'Halted' }, entry: { desired: 'Stopped' } }), ...current },
    { name: 'healthy_succeeded', vm: placed('succeeded', reports.succeeded, { spec: { runStrategy: 'Once' } }), ...doneForFluxAlone },
    { name: 'degraded_invalid', vm: invalid(), ...failed },
    { name: 'degraded_start_failed', vm: placed('start-failed', reports.startFailed), ...failed },
    { name: 'degraded_agent_too_old', vm: placed('agent-too-old', { ...reports.halted, request: undefined }, { spec: { runStrategy: 'Halted' }, entry: { desired: 'Stopped' } }), ...failed },
    { name: 'degraded_not_verified', vm: placed('not-verified', reports.violated), ...failed },
    // Not as it was asked for, and no waiting helps.
    { name: 'degraded_emulated', vm: placed('emulated', reports.emulated), ...failed },
    { name: 'degraded_ended', vm: placed('ended', reports.ended, { spec: { runStrategy: 'Once' } }), ...failed },
    { name: 'degraded_paused', vm: placed('paused', reports.paused), ...failed },
    // An agent that is upgraded may be silent for a moment: Flux waits, and fails at its timeout.
    { name: 'degraded_node_lost', vm: placed('node-lost', reports.verified, { unknown: { reason: 'NodeLost', message: 'the agent of node host-a has not renewed its Lease' } }), ...inProgress },
  ];
}

function stored(name: string, spec: Partial<RealtimeVm['spec']> = {}): Stored<'RealtimeVM'> {
  return asStored(exampleVm(plc).resource, name, spec);
}

function standing(vm: Stored<'RealtimeVM'>, where: VmStanding): Stored<'RealtimeVM'> {
  return { ...vm, status: statusOf(vm, where, now) };
}

interface Placed {
  readonly spec?: Partial<RealtimeVm['spec']>;
  readonly entry?: Partial<AllocatedGuest>;
  readonly restartRequired?: string;
  readonly unknown?: UnknownBecause;
  readonly drains?: boolean;
}

function placed(name: string, report: Report | undefined, { spec, entry, restartRequired, unknown, drains }: Placed = {}): Stored<'RealtimeVM'> {
  const vm = stored(name, spec);
  return standing(vm, {
    kind: 'placed',
    entry: { ...entryOf(plc, vm), ...entry },
    report: report === undefined ? undefined : { uid: vm.metadata.uid, ...report },
    restartRequired,
    unknown,
    drains,
  });
}

/** It has nothing realtime that could be verified. */
function plain(): Stored<'RealtimeVM'> {
  const file = 'plain-vm.yaml';
  const vm = asStored(exampleVm(file).resource, 'plain');
  return standing(vm, { kind: 'placed', entry: entryOf(file, vm), report: { uid: vm.metadata.uid, ...reports.verified }, restartRequired: undefined, unknown: undefined });
}

/** Its class is nowhere. */
function invalid(): Stored<'RealtimeVM'> {
  const vm = asStored(exampleVm('du-vm.yaml').resource, 'invalid');
  const spec = toVmSpec(vm);
  if (!spec.ok) throw new Error('examples/du-vm.yaml cannot be read');
  const guest = resolveGuest(spec.value, { classes: new Map(), images: new Map() });
  if (guest.ok) throw new Error('examples/du-vm.yaml resolves without its class');
  return standing(vm, { kind: 'invalid', message: guest.problems.map(formatProblem).join('; ') });
}

/** Its spec has been changed since the status was written. */
function later(vm: Stored<'RealtimeVM'>): Stored<'RealtimeVM'> {
  return { ...vm, metadata: { ...vm.metadata, generation: vm.metadata.generation + 1 } };
}

type Status = NonNullable<Stored<'RealtimeVM'>['status']>;

interface Definition {
  readonly spec: { readonly versions: readonly [{ readonly schema: { readonly openAPIV3Schema: { readonly properties: { readonly status: { readonly properties: { readonly conditions: { readonly default: Status['conditions'] } } } } } } }] };
}

/** What the API server writes into a VM that no controller has seen. */
function defaultStatus(): Status {
  const definition = load(readFileSync(join(import.meta.dirname, '..', '..', 'deploy', 'crds', 'rtvm.dev_realtimevms.yaml'), 'utf8')) as Definition;
  return { conditions: definition.spec.versions[0].schema.openAPIV3Schema.properties.status.properties.conditions.default };
}
