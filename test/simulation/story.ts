/**
 * What happens to a simulated cluster, drawn from a seed as data, so that a history can be told, shortened and played
 * again. An event names nothing that may not be there when it comes: it has two numbers, by which it chooses among what
 * is.
 */
import type { Random } from '../../src/runtime/random.ts';

const people = [
  'create', 'create the greatest', 'halt', 'start', 'restart', 'edit', 'delete', 'delete and create',
] as const;
const accidents = [
  'kill agent', 'kill controller', 'freeze agent', 'freeze controller', 'guest ends', 'guests are deaf', 'thread drifts',
  'libvirt away', 'disk full', 'network cut', 'answers lost', 'messages late and twice', 'leader dies amid messages',
  'power cut', 'host reboots', 'wall clock steps',
] as const;
const administration = [
  'given up', 'false word', 'move', 'cordon', 'drain', 'node deleted', 'table deleted', 'realtime node deleted', 'class deleted',
  'image deleted', 'finalizers stripped', 'agent restarted', 'controller restarted', 'agent lies', 'stranger',
  'data restored', 'restored while nobody leads', 'restore accepted',
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

/** What comes together in one history. */
export const mixes = {
  /** People and accidents; `create` more often, so that there is always somebody to whom something can happen. */
  usual: [...people, 'create', 'create', 'start', ...accidents, 'given up'],
  /** Backups that are put back, tables that are deleted, and processes that die meanwhile. */
  restored: [
    'create', 'create', 'start', 'halt', 'restart', 'edit', 'delete', 'move', 'move', 'data restored', 'data restored',
    'restored while nobody leads', 'restore accepted', 'restore accepted', 'restore accepted', 'restore accepted',
    'kill agent', 'kill controller', 'table deleted', 'realtime node deleted', 'messages late and twice',
  ],
  /** A network that loses, delays and doubles, and whoever goes on after a pause. */
  unheard: [
    ...people, 'create', 'create', 'start', 'messages late and twice', 'messages late and twice',
    'messages late and twice', 'messages late and twice', 'leader dies amid messages',
    'leader dies amid messages', 'answers lost', 'network cut', 'freeze agent', 'freeze controller', 'freeze controller',
    'kill agent', 'kill controller', 'controller restarted',
  ],
  /** What administrators do, and other people's programs. */
  administered: [
    ...people, 'create', 'create', 'start', 'move', 'cordon', 'drain', 'node deleted', 'table deleted', 'realtime node deleted',
    'class deleted', 'image deleted', 'finalizers stripped', 'agent restarted', 'controller restarted', 'stranger',
    'stranger', 'given up', 'kill agent', 'network cut', 'host reboots',
  ],
  /** A host without a cluster, where controller and agent are one process; a backup is put back while none runs. */
  alone: [
    ...people, 'create', 'create', 'start', 'kill agent', 'freeze agent', 'guest ends', 'guests are deaf',
    'thread drifts', 'libvirt away', 'disk full', 'host reboots', 'wall clock steps', 'table deleted',
    'realtime node deleted', 'class deleted', 'image deleted', 'finalizers stripped', 'stranger',
    'restored while nobody leads', 'restore accepted', 'restore accepted',
  ],
  /** What is said and is not true. */
  deceived: [
    ...people, 'create', 'create', 'start', 'false word', 'false word', 'agent lies', 'agent lies', 'given up', 'restore accepted',
    'restore accepted',
    'kill agent', 'kill controller', 'network cut',
  ],
} as const satisfies Readonly<Record<string, readonly EventKind[]>>;

export type MixName = keyof typeof mixes;
