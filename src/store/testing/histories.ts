/**
 * Random histories of two processes on one store, each checked, step by step, against a model of what a store promises.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { node, withLabel, withPriority } from '../directory/testing/samples.ts';
import { isStoreError } from '../errors.ts';
import type { ResourceStore } from '../resource-store.ts';
import type { Stored } from '../resource.ts';

/** In what a store may differ from another and still keep its promises. */
export interface Dialect {
  /** The Kubernetes API counts being marked for deletion as a change of spec. */
  readonly deletionRaisesGeneration: boolean;
  /**
   * A write that changes nothing of what its writer read may be no write, even where somebody else has written since.
   */
  readonly staleWritesMayBeNone: boolean;
}

/** Storage that is empty at first, with two processes on it. */
export interface Backend {
  readonly stores: ResourceStore[];
  readonly reopen: (store: ResourceStore) => Promise<ResourceStore>;
  readonly end: () => Promise<void>;
}

type Node = Stored<'RealtimeNode'>;

/** What the storage must hold, and what each of two processes has last read of it. */
interface Model {
  readonly objects: Map<string, Node>;
  /** By process and name. */
  readonly seen: Map<string, Node>;
  /** The last version that each name ever had, and all uids. */
  readonly lastVersion: Map<string, bigint>;
  readonly uids: Set<string>;
}

interface Real extends Backend {
  readonly dialect: Dialect;
}

type Command = fc.AsyncCommand<Model, Real>;

/** Which process does something to which object. */
interface Who {
  readonly process: number;
  readonly name: string;
}

const finalizer = 'rtvm.dev/held';

abstract class OnObject implements Command {
  protected readonly who: Who;

  constructor(who: Who) {
    this.who = who;
  }

  check(): boolean {
    return true;
  }

  abstract run(model: Model, real: Real): Promise<void>;

  protected get seenKey(): string {
    return `${this.who.process} ${this.who.name}`;
  }

  toString(): string {
    return `${this.constructor.name}(process ${this.who.process}, ${this.who.name})`;
  }

  /**
   * Takes over what the store said; its version is higher than any before, its generation rises exactly with the spec.
   */
  protected accept(
    model: Model, before: Node | undefined, after: Node,
    { generationRises = false }: { readonly generationRises?: boolean } = {},
  ): void {
    const { name, resourceVersion, uid, generation } = after.metadata;
    const last = model.lastVersion.get(name) ?? 0n;
    if (before === undefined) {
      expect([model.uids.has(uid), generation]).toStrictEqual([false, 1]);
      model.uids.add(uid);
    } else {
      const specChanged = JSON.stringify(after.spec) !== JSON.stringify(before.spec);
      expect([uid, generation])
        .toStrictEqual([before.metadata.uid, before.metadata.generation + (specChanged || generationRises ? 1 : 0)]);
    }
    if (before?.metadata.resourceVersion !== resourceVersion) expect(BigInt(resourceVersion)).toBeGreaterThan(last);
    model.lastVersion.set(name, BigInt(resourceVersion));
    model.objects.set(name, after);
    model.seen.set(this.seenKey, after);
  }
}

class Create extends OnObject {
  readonly #held: boolean;

  constructor(who: Who, held: boolean) {
    super(who);
    this.#held = held;
  }

  async run(model: Model, real: Real): Promise<void> {
    const { process, name } = this.who;
    const draft = node(name);
    const result = await attempt(real.stores[process]!.create({
      ...draft, metadata: { name, ...(this.#held ? { finalizers: [finalizer] } : {}) },
    }));
    expect(result === 'ALREADY_EXISTS').toBe(model.objects.has(name));
    if (typeof result !== 'string') this.accept(model, undefined, result);
  }
}

class Read extends OnObject {
  async run(model: Model, real: Real): Promise<void> {
    const { process, name } = this.who;
    const found = await real.stores[process]!.get('RealtimeNode', { name });
    expect(found).toStrictEqual(model.objects.get(name));
    if (found === undefined) model.seen.delete(this.seenKey);
    else model.seen.set(this.seenKey, found);
  }
}

/** Writes what this process makes of what it has last seen, which may be long out of date. */
class Write extends OnObject {
  readonly #part: 'spec' | 'label' | 'status' | 'release';
  readonly #value: number;

  constructor(who: Who, part: 'spec' | 'label' | 'status' | 'release', value: number) {
    super(who);
    this.#part = part;
    this.#value = value;
  }

  async run(model: Model, real: Real): Promise<void> {
    const seen = model.seen.get(this.seenKey);
    if (seen === undefined) return;
    const { process, name } = this.who;
    const current = model.objects.get(name);
    const result = await attempt(this.#write(real.stores[process]!, seen));
    if (current === undefined) {
      if (real.dialect.staleWritesMayBeNone && typeof result !== 'string') expect(result).toStrictEqual(seen);
      // What was made anew, or is gone, is found out by uid or by name.
      else expect(result).toBe('NOT_FOUND');
    } else if (current.metadata.resourceVersion !== seen.metadata.resourceVersion) {
      if (real.dialect.staleWritesMayBeNone && typeof result !== 'string') expect(result).toStrictEqual(seen);
      else expect(result).toBe('CONFLICT');
    } else if (typeof result === 'string') {
      expect.unreachable(`refused as ${result}`);
    } else {
      this.accept(model, current, result);
      if (current.metadata.deletionTimestamp !== undefined && this.#part === 'release') model.objects.delete(name);
    }
  }

  #write(store: ResourceStore, seen: Node): Promise<Node> {
    switch (this.#part) {
      case 'spec':
        return store.update(withPriority(seen, this.#value));
      case 'label':
        return store.update(withLabel(seen, String(this.#value)));
      case 'status':
        return store.updateStatus({ ...seen, status: { latency: { maxMicroseconds: this.#value } } });
      case 'release':
        return store.update({ ...seen, metadata: { ...seen.metadata, finalizers: [] } });
    }
  }

  override toString(): string {
    return `${super.toString()} ${this.#part} ${this.#value}`;
  }
}

class Delete extends OnObject {
  async run(model: Model, real: Real): Promise<void> {
    const { process, name } = this.who;
    const store = real.stores[process]!;
    const current = model.objects.get(name);
    const result = await attempt(store.delete('RealtimeNode', { name }));
    expect(result).toBe(current === undefined ? 'NOT_FOUND' : undefined);
    const left = await store.get('RealtimeNode', { name });
    expect(left === undefined).toBe(current?.metadata.finalizers === undefined);
    const isMarkedNow = current !== undefined && current.metadata.deletionTimestamp === undefined;
    if (left !== undefined) {
      this.accept(model, current, left, { generationRises: real.dialect.deletionRaisesGeneration && isMarkedNow });
    }
    else if (current !== undefined) {
      model.objects.delete(name);
      model.lastVersion.set(name, BigInt(current.metadata.resourceVersion) + 1n);
    }
  }
}

class Restart extends OnObject {
  async run(_model: Model, real: Real): Promise<void> {
    const { process } = this.who;
    real.stores[process] = await real.reopen(real.stores[process]!);
  }
}

/** The result, or the code of what the store refused. */
async function attempt<Result>(call: Promise<Result>): Promise<Result | string> {
  try {
    return await call;
  } catch (error) {
    for (const code of ['CONFLICT', 'NOT_FOUND', 'ALREADY_EXISTS'] as const) if (isStoreError(error, code)) return code;
    throw error;
  }
}

/** @param begin makes storage for one history. */
export async function checkHistories(
  begin: () => Promise<Backend>, dialect: Dialect,
  { numRuns, maxCommands, timeLimitMs }: {
    readonly numRuns: number; readonly maxCommands: number; readonly timeLimitMs: number;
  },
): Promise<void> {
  const who = fc.record({ process: fc.constantFrom(0, 1), name: fc.constantFrom('host-a', 'host-b') });
  const value = fc.integer({ min: 1, max: 4 });
  const commands = fc.commands<Model, Real, false>([
    fc.tuple(who, fc.boolean()).map(([by, held]) => new Create(by, held)),
    who.map((by) => new Read(by)),
    who.map((by) => new Read(by)),
    fc.tuple(who, fc.constantFrom('spec' as const, 'label' as const, 'status' as const, 'release' as const), value)
      .map(([by, part, number]) => new Write(by, part, number)),
    fc.tuple(who, fc.constantFrom('spec' as const, 'status' as const), value)
      .map(([by, part, number]) => new Write(by, part, number)),
    who.map((by) => new Delete(by)),
    who.map((by) => new Restart(by)),
  ], { maxCommands });
  await fc.assert(fc.asyncProperty(commands, async (sequence) => {
    const backend = await begin();
    try {
      const setup = () => ({
        model: {
          objects: new Map<string, Node>(), seen: new Map<string, Node>(),
          lastVersion: new Map<string, bigint>(), uids: new Set<string>(),
        },
        real: { ...backend, dialect },
      });
      await fc.asyncModelRun(setup, sequence);
    } finally {
      await backend.end();
    }
  }), { numRuns, interruptAfterTimeLimit: timeLimitMs, markInterruptAsFailure: false });
}
