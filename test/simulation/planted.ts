/**
 * Bugs at the protocol's own rules, each an edit or two of the product's source. A simulation that finds none of them
 * looks at nothing. They are put in as the modules are loaded, @see plant.ts; nothing here imports the product.
 */
import type { MixName } from './story.ts';

export interface Edit {
  /** Under `src/`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly put: string;
}

export interface Planted {
  readonly bug: string;
  readonly edits: readonly Edit[];
  /** A breach of it begins like that. */
  readonly breaks: RegExp;
  readonly mix: MixName;
  /** It is found within so many of the mix's histories, from this seed on. */
  readonly from: number;
  readonly within: number;
}

const guestTable = 'protocol/guest-table.ts';
const nodeTable = 'protocol/node-table.ts';
const vmTable = 'protocol/vm-table.ts';

export const planted = {
  doesNotSeal: {
    bug: 'a controller that takes over goes on with the seals that are there',
    edits: [
      {
        file: 'controller/seals.ts',
        find: 'seal !== undefined && parseSeal(seal)?.term === this.term',
        put: 'seal !== undefined && parseSeal(seal) !== undefined',
      },
      { file: 'protocol/vm-situation.ts', find: 'table.seal.term === leader.term && (', put: '(' },
    ],
    breaks: /^I[167]/, mix: 'unheard', from: 1, within: 60,
  },
  closesUnanswered: {
    bug: 'a run is closed, and its CPUs are free, before the agent has said that nothing is left',
    edits: [{
      file: vmTable,
      find: 'when: (s) => isOpen(s) && s.home!.entry!.answered,',
      put: 'when: (s) => isOpen(s) && s.home!.entry!.desired !== \'Running\',',
    }],
    breaks: /^I7/, mix: 'usual', from: 1, within: 5,
  },
  leavesBehind: {
    bug: 'a deleted VM goes before its removal is answered',
    edits: [{
      file: vmTable,
      find: 'when: (s) => s.deleted && leftover(s) && !s.home!.entry!.answered,',
      put: 'when: () => false,',
    }, {
      file: vmTable,
      find: 'when: (s) => s.deleted && isOpen(s) && hasEntry(s) && (s.home!.entry!.answered || s.home!.fenced),',
      put: 'when: (s) => s.deleted && isOpen(s) && hasEntry(s),',
    }, {
      file: vmTable,
      find: 'when: (s) => s.deleted && leftover(s) && s.home!.entry!.answered,',
      put: 'when: (s) => s.deleted && leftover(s),',
    }],
    breaks: /^I[56]/, mix: 'usual', from: 1, within: 5,
  },
  verifiesSilent: {
    bug: 'verified, and lost, do not ask whether the agent\'s Lease is alive',
    edits: [
      { file: 'controller/agent-lease.ts', find: 'alive: facts?.alive ?? true', put: 'alive: true' },
      { file: 'controller/vm-standings.ts', find: 'if (!judge.isAlive(node)) return', put: 'if (judge === null) return' },
    ],
    breaks: /^I2/, mix: 'usual', from: 1, within: 60,
  },
  verifiesOldLooks: {
    bug: 'a guest is called verified by a look of an hour ago',
    edits: [
      {
        file: 'node-agent/guest-auditor.ts',
        find: 'requeueAfterMs: answer.againInMs ?? auditIntervalMs', put: 'requeueAfterMs: answer.againInMs ?? 3_600_000',
      },
      { file: 'node-agent/guest-auditor.ts', find: '2 * auditIntervalMs + graceMs', put: '3_600_000 + graceMs' },
    ],
    breaks: /^I2/, mix: 'usual', from: 1, within: 20,
  },
  fencesAlive: {
    bug: 'a node is given up though its Lease is alive',
    edits: [{
      file: nodeTable,
      find: 'when: (s) => s.word && s.lapsed && !s.nodeReady && !s.fenced && !s.restoreIsOpen,',
      put: 'when: (s) => s.word && !s.nodeReady && !s.fenced && !s.restoreIsOpen,',
    }],
    breaks: /^I7/, mix: 'deceived', from: 1, within: 30,
  },
  startsBeside: {
    bug: 'an agent does not look whether another domain has what a start claims',
    edits: [{
      file: 'node-agent/starts-under-way.ts',
      find: 'requireHostFree(start, domains, this.#byUid.values());',
      put: 'requireHostFree(start, [], []);',
    }],
    breaks: /^I[18]/, mix: 'administered', from: 1, within: 50,
  },
  startsUnopened: {
    bug: 'an agent does not ask whether the table names its session',
    edits: [{
      file: 'node-agent/agent.ts',
      find: 'this.#isOpen = session === this.#reader.session;',
      put: 'this.#isOpen = session !== null;',
    }],
    breaks: /^I[67]/, mix: 'restored', from: 16, within: 30,
  },
  closesUnheard: {
    bug: 'a run whose table was lost is closed before its agent has said whether it lives',
    edits: [{
      file: vmTable,
      find: 'when: (s) => isOpen(s) && !hasEntry(s) && !s.home!.heard && !s.home!.acceptedOff,',
      put: 'when: () => false,',
    }],
    breaks: /^I7/, mix: 'restored', from: 16, within: 40,
  },
  opensElsewhere: {
    bug: 'a VM whose run is open on a node that is silent is opened elsewhere',
    edits: [{
      file: vmTable,
      find: 'when: (s) => isOpen(s) && s.home!.fenced && s.restore === undefined,',
      put: 'when: (s) => isOpen(s) && !s.home!.takesGuests && s.restore === undefined,',
    }],
    breaks: /^I[67]/, mix: 'usual', from: 1, within: 5,
  },
  adoptsTodaysSpec: {
    bug: 'a domain that no entry names is taken up with the guest of today\'s spec',
    edits: [
      {
        file: 'controller/vm-steps.ts',
        find: 'const resolved = domain.guest === undefined ? resolver.resolve(vm) : undefined;',
        put: 'const resolved = resolver.resolve(vm);',
      },
      {
        file: 'controller/vm-steps.ts',
        find: 'const guest = domain.guest ?? (resolved === undefined ? undefined : guestToWire(resolved.value));',
        put: 'const guest = guestToWire(resolved.value);',
      },
    ],
    breaks: /^(I[1-8]|liveness)/, mix: 'restored', from: 16, within: 20,
  },
  endsAbsent: {
    bug: 'an agent ends a domain that its table does not name',
    edits: [
      {
        file: guestTable,
        find: 'does: \'audit it as it is, and state it with its grant\', step: () => ({ do: \'audit\', as: \'NoEntry\' }),',
        put: 'does: \'\', step: () => ({ do: \'destroy\' }),',
      },
      {
        file: 'node-agent/step-rules.ts',
        find: 'const ends = desired === \'Removed\'', put: 'const ends = desired === undefined || desired === \'Removed\'',
      },
      { file: 'node-agent/step-rules.ts', find: 'step.do !== \'destroy\' || graceMs === 0', put: 'graceMs !== null' },
    ],
    breaks: /^I6/, mix: 'restored', from: 16, within: 20,
  },
} as const satisfies Readonly<Record<string, Planted>>;

export type PlantedName = keyof typeof planted;
