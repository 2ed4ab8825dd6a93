// A check that finds nothing may be one that looks at nothing: bugs of a line or two in the product's tables are
// each found.
import { describe, expect, it } from 'vitest';
import { explore, replay } from './explore.ts';
import { planted } from './planted.ts';
import type { World } from './world.ts';

const base = {
  name: 'planted', nodes: 2, vms: 1, faults: [], maxFaults: 0,
  wishes: [], maxWishes: 0, begins: 'running', grain: 'coarse',
} as const satisfies World;

type Name = keyof typeof planted;

/** In which world, and what breaks there. `Live`: nothing good can be reached any more. */
const found: readonly [Name, string, Partial<World>][] = [
  ['closesUnanswered', 'I7', { faults: ['takeover'], maxFaults: 1, wishes: ['renew'], maxWishes: 1 }],
  ['opensInRestore', 'Live', {
    nodes: 1, faults: ['restore'], maxFaults: 1, wishes: ['delete', 'recreate'], maxWishes: 2,
  }],
  ['hearsAnybody', 'Live', {
    nodes: 1, faults: ['restore', 'takeover'], maxFaults: 2, wishes: ['renew'], maxWishes: 1,
  }],
  ['keepsStrays', 'Live', {
    nodes: 1, faults: ['restore'], maxFaults: 1, wishes: ['delete', 'recreate'], maxWishes: 2,
  }],
  ['ignoresWord', 'I6', { faults: ['giveUp', 'agentCrash'], maxFaults: 2 }],
  ['startsUnopened', 'I6', { faults: ['giveUp', 'agentCrash'], maxFaults: 2 }],
  ['keepsLeft', 'I1', {
    nodes: 1, vms: 2, faults: ['restore', 'agentCrash'], maxFaults: 2, wishes: ['halt'], maxWishes: 1,
  }],
  ['statesTooSoon', 'I1', {
    nodes: 1, vms: 2, faults: ['restore', 'agentCrash'], maxFaults: 2, wishes: ['halt'], maxWishes: 1,
  }],
  ['forgetsPast', 'I7', { faults: ['tableDeleted', 'oldStatus'], maxFaults: 2 }],
  ['parksPast', 'Live', { faults: ['tableDeleted', 'oldStatus'], maxFaults: 2 }],
  ['keepsMoved', 'Live', { faults: ['slow', 'giveUp'], maxFaults: 2 }],
  ['dropsHome', 'Live', {
    nodes: 1, nodeLocal: true, faults: ['kill', 'giveUp'], maxFaults: 2, wishes: ['renew', 'delete'], maxWishes: 2,
  }],
  ['ignoresHome', 'Live', { nodeLocal: true, wishes: ['halt', 'delete'], maxWishes: 2 }],
  ['forgetsAgents', 'I7', { begins: 'empty', faults: ['restoreAway', 'nodeDeleted'], maxFaults: 2 }],
  ['adoptsToday', 'I2', { faults: ['tableDeleted', 'takeover'], maxFaults: 2, wishes: ['edit'], maxWishes: 1 }],
  ['verifiesViolated', 'I2', { nodes: 1, grain: 'fine', faults: ['drift'], maxFaults: 1 }],
  ['doesNotTouch', 'I7', { faults: ['slow', 'freeze'], maxFaults: 1, wishes: ['renew'], maxWishes: 1 }],
  ['doesNotSeal', 'Live', { faults: ['slow', 'freeze'], maxFaults: 1, wishes: ['renew'], maxWishes: 1 }],
  ['forgetsAll', 'I7', { faults: ['restore'], maxFaults: 1, wishes: ['renew'], maxWishes: 1 }],
  ['agentForgets', 'I7', { faults: ['restore'], maxFaults: 1, wishes: ['renew'], maxWishes: 1 }],
  ['ignoresOldDomain', 'I8', { faults: ['restore'], maxFaults: 1, wishes: ['delete', 'recreate'], maxWishes: 3 }],
  ['verifiesOldLooks', 'I2', {
    nodes: 1, begins: 'empty', grain: 'fine',
    faults: ['kill', 'agentCrash'], maxFaults: 1, wishes: ['renew'], maxWishes: 1,
  }],
  ['verifiesOldStatements', 'I2', {
    nodes: 1, grain: 'fine', faults: ['behind'], maxFaults: 1, wishes: ['halt'], maxWishes: 1,
  }],
  ['verifiesAnyDomain', 'I2', {
    nodes: 1, grain: 'fine', faults: ['restore'], maxFaults: 1, wishes: ['renew'], maxWishes: 1,
  }],
  ['believesLiars', 'Live', { faults: ['lie'], maxFaults: 1, wishes: ['renew'], maxWishes: 1 }],
];

describe('planted bugs', () => {
  it.each(found)('%s: found by %s', (name, invariant, changes) => {
    const world = { ...base, ...changes };
    const { tables } = planted[name];
    const { broken, stuck } = explore(world, { tables });
    expect(broken?.what.split(':')[0] ?? (stuck === undefined ? 'not found' : 'Live')).toBe(invariant);
    const { events, story } = (broken ?? stuck)!;
    expect(replay(world, events, tables).story).toEqual(story);
    // It is the bug that does it, not the world.
    expect(explore(world)).toMatchObject({ closed: true, broken: undefined, stuck: undefined });
  });

  it('are all in the list', () => {
    expect(new Set(found.map(([name]) => name))).toEqual(new Set(Object.keys(planted)));
  });
});
