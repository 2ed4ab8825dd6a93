/**
 * What happens to a simulated cluster, drawn from a seed as data, so that a history can be told, shortened and played
 * again. An event names nothing that may not be there when it comes: it has two numbers, by which it chooses among what
 * is.
 */
import type { Random } from '../../src/runtime/random.ts';

/** People and their pipelines. */
const people = ['create', 'halt', 'start', 'restart', 'edit', 'delete', 'delete and create'] as const;
/** What happens to processes and on hosts without anybody's wish. */
const accidents = [
  'kill agent', 'kill controller', 'freeze agent', 'freeze controller', 'guest ends', 'thread drifts',
  'libvirt away', 'disk full', 'network cut', 'answers lost', 'power cut', 'given up', 'wall clock steps',
] as const;
/** What administrators do, by mistake or not. */
const administration = [
  'cordon', 'table deleted', 'realtime node deleted', 'data restored', 'agent restarted', 'controller restarted',
] as const;

export type EventKind = (typeof people)[number] | (typeof accidents)[number] | (typeof administration)[number];

export const eventKinds: readonly EventKind[] = [...people, ...accidents, ...administration];

export interface StoryEvent {
  /** Since the one before. */
  readonly afterMs: number;
  readonly kind: EventKind;
  /** In [0, 1): whom it happens to, and how. */
  readonly who: number;
  readonly how: number;
}

/** Most events come within what programs wait for; some after everything has settled. */
const pauses = [1, 1000, 20_000, 20_000, 120_000] as const;

/** @param kinds those that may come; twice as likely where named twice. */
export function drawStory(random: Random, length: number, kinds: readonly EventKind[]): readonly StoryEvent[] {
  const choose = <Item>(items: readonly Item[]) => items[Math.floor(random.fraction() * items.length)]!;
  return Array.from({ length }, () => ({
    afterMs: Math.ceil(choose(pauses) * random.fraction()),
    kind: choose(kinds),
    who: random.fraction(),
    how: random.fraction(),
  }));
}

/** So that there is always somebody to whom something can happen. */
export const usualKinds: readonly EventKind[] = [...people, 'create', 'create', 'start', ...accidents];

/** Backups that are put back, tables that are deleted, and processes that die meanwhile. */
export const restoringKinds: readonly EventKind[] = [
  'create', 'create', 'start', 'halt', 'restart', 'delete', 'data restored', 'data restored', 'kill agent',
  'kill controller', 'table deleted', 'realtime node deleted',
];
