/** Bugs of a line or two in the product's tables; each must be found. */
import type { Row, Table } from '../../src/protocol/row.ts';
import { product } from './world.ts';
import type { Tables } from './world.ts';

function without<Situation, Step>(table: Table<Situation, Step>, name: string): Table<Situation, Step> {
  const rest = table.filter((row) => row.name !== name);
  if (rest.length !== table.length - 1) throw new RangeError(`there is no row ${name}`);
  return rest;
}

function changed<Situation, Step>(
  table: Table<Situation, Step>, name: string, change: Partial<Row<Situation, Step>>,
): Table<Situation, Step> {
  if (!table.some((row) => row.name === name)) throw new RangeError(`there is no row ${name}`);
  return table.map((row) => (row.name === name ? { ...row, ...change } : row));
}

export interface Planted {
  readonly bug: string;
  readonly tables: Tables;
}

const { vmTable, nodeTable, restoreTable, guestTable, readingTable } = product;
const vm = (table: Tables['vmTable']): Tables => ({ ...product, vmTable: table });
const node = (table: Tables['nodeTable']): Tables => ({ ...product, nodeTable: table });
const guest = (table: Tables['guestTable']): Tables => ({ ...product, guestTable: table });

export const planted = {
  closesUnanswered: { bug: 'a run is closed before its agent has answered', tables: vm(changed(vmTable, 'close', {
    when: ({ run, home }) => run?.state === 'Open' && home!.entry!.desired === 'Stopped',
  })) },
  opensInRestore: {
    bug: 'a session is opened while a restore is open',
    tables: node(without(nodeTable, 'restore-open')),
  },
  ignoresWord: { bug: 'a session is opened while a word stands', tables: node(without(nodeTable, 'word-stands')) },
  keepsStrays: {
    bug: 'a session is opened while the table asks for what is not its VM\'s run',
    tables: node(without(nodeTable, 'drop-strays')),
  },
  startsUnopened: { bug: 'an agent starts without an open session', tables: guest(without(guestTable, 'not-open')) },
  keepsLeft: {
    bug: 'an agent keeps what the one before it had defined',
    tables: { ...guest(without(guestTable, 'undefine-left')), mayState: () => true },
  },
  statesTooSoon: {
    bug: 'an agent states what lives before what was left is undefined',
    tables: { ...product, mayState: () => true },
  },
  hearsAnybody: { bug: 'a statement counts whatever seal it answers', tables: { ...product, isHeard: () => true } },
  forgetsPast: {
    bug: 'a VM without a run is opened whatever node its status names',
    tables: vm(without(vmTable, 'ask-past-node')),
  },
  keepsMoved: {
    bug: 'an entry that is over stays while its VM is there, wherever that runs',
    tables: { ...product, isOverWhileOpen: ({ vm: where, answered }) => answered && where === 'Gone' },
  },
  dropsHome: {
    bug: 'an entry that NodeLocal disks are removed by goes once a run is open',
    tables: { ...product, isKeptHome: ({ desired, run }) => desired !== 'Running' && run === 'NotOpen' },
  },
  ignoresHome: {
    bug: 'an entry of a VM that has ended is dropped, whatever disks it has',
    tables: vm(changed(vmTable, 'drop-ended', {
      when: ({ home, wish, candidate }) =>
        home?.entry !== undefined && !home.fenced && !(wish === 'Run' && candidate?.isHome === true),
    })),
  },
  forgetsAgents: {
    bug: 'in a restore only nodes are asked that have a RealtimeNode, or a table that holds something',
    tables: { ...product, asksAgentsThere: false },
  },
  adoptsToday: {
    bug: 'what is adopted gets the guest of the spec of today',
    tables: { ...product, adoptsOwnBytes: false },
  },
  verifiesViolated: { bug: 'verified does not ask what the threads are held to', tables: {
    ...product,
    whyNotVerified: (situation) => {
      const why = product.whyNotVerified(situation);
      return why === 'Violated' ? undefined : why;
    },
  } },
  parksPast: {
    bug: 'a VM without a run does not take what lives for its run',
    tables: vm(without(vmTable, 'adopt-past')),
  },
  doesNotTouch: {
    bug: 'a run is closed while its grant may be under way',
    tables: vm(changed(without(vmTable, 'touch'), 'take-back', {
      when: ({ run, home, made }) => run?.state === 'Open' && home!.entry?.isRuns !== true && made !== 'No',
    })),
  },
  doesNotSeal: { bug: 'a controller that takes over goes on with the seal that is there', tables: {
    ...product, vmTable: without(vmTable, 'take-table-first'), nodeTable: without(nodeTable, 'take-over'),
    isHeard: (table, statement, leader) => product.isHeard(table, statement, { ...leader, term: table.seal.term }),
  } },
  forgetsAll: {
    bug: 'a controller does not notice that the store went back',
    tables: { ...product, restoreTable: without(restoreTable, 'remembers-more') },
  },
  agentForgets: {
    bug: 'an agent does not notice that its table went back',
    tables: { ...product, readingTable: without(readingTable, 'went-back') },
  },
  ignoresOldDomain: {
    bug: 'a VM is opened while a domain of an earlier one of its name lives',
    tables: vm(without(vmTable, 'old-domain-runs')),
  },
  verifiesOldLooks: {
    bug: 'an agent renews its Lease before its first look, and verified does not ask whose session it is',
    tables: {
      ...product, leaseAfterFirstLook: false,
      whyNotVerified: (situation) => product.whyNotVerified({
        ...situation, lease: situation.lease && { ...situation.lease, session: situation.statement?.session ?? '' },
      }),
    },
  },
  verifiesOldStatements: { bug: 'verified does not ask whether the Lease names a later statement', tables: {
    ...product,
    whyNotVerified: (situation) => product.whyNotVerified({
      ...situation, lease: situation.lease && { ...situation.lease, statement: 0 },
    }),
  } },
  verifiesAnyDomain: {
    bug: 'verified asks neither by which grant a domain lives, nor whether the table went back',
    tables: {
      ...product,
      whyNotVerified: (situation) => product.whyNotVerified({
        ...situation, entry: situation.run?.grant,
        statement: situation.statement && {
          ...situation.statement, wentBack: 'No',
          domains: situation.statement.domains.map((domain) => ({ ...domain, grant: situation.run?.grant ?? '' })),
        },
      }),
    },
  },
  believesLiars: {
    bug: 'what a node says of another node\'s VM counts always',
    tables: { ...product, isBelieved: () => true },
  },
} as const satisfies Readonly<Record<string, Planted>>;
