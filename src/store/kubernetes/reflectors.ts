/** One reflector for each kind and scope, however many watch it; it begins with the first of them and ends with the last. */
import { StoreError } from '../errors.ts';
import type { StoreProblem } from '../problem.ts';
import { Subscription } from '../subscription.ts';
import type { Identified } from '../subscription.ts';
import type { WatchEvent } from '../watch-event.ts';
import { qualifiedPlural } from './api-resource.ts';
import { Reflector } from './reflector.ts';
import type { ReflectorSetting, ReflectorSource } from './reflector.ts';
import type { Rest } from './rest.ts';
import { watchTiming } from './watch-stream.ts';
import type { WatchTiming } from './watch-stream.ts';

export class Reflectors {
  readonly #rest: Rest;
  readonly #setting: ReflectorSetting;
  /** By plural, then by scope. */
  readonly #running = new Map<string, Map<string, Reflector<Identified>>>();
  #closed = false;

  constructor(rest: Rest, timing: WatchTiming = watchTiming) {
    this.#rest = rest;
    this.#setting = { timing, server: { watchList: true } };
  }

  async *watch<Shown extends Identified>(source: ReflectorSource<Shown>, signal: AbortSignal): AsyncGenerator<WatchEvent<Shown>, void, undefined> {
    if (signal.aborted || this.#closed) return;
    const subscription = new Subscription<Shown>();
    const end = () => subscription.end();
    signal.addEventListener('abort', end, { once: true });
    const reflector = this.#reflector(source);
    reflector.attach(subscription);
    try {
      yield* subscription.events();
    } finally {
      signal.removeEventListener('abort', end);
      if (reflector.detach(subscription)) this.#end(source, reflector);
    }
  }

  /** An object as it was last seen, where its kind is being watched. */
  find(plural: string, key: string): Identified | undefined {
    for (const reflector of this.#running.get(plural)?.values() ?? []) {
      const object = reflector.find(key);
      if (object !== undefined) return object;
    }
    return undefined;
  }

  problems(): readonly StoreProblem[] {
    return [...this.#running.values()].flatMap((ofKind) => [...ofKind.values()].flatMap((reflector) => reflector.problems));
  }

  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#running.values()].flatMap((ofKind) => [...ofKind.values()]);
    this.#running.clear();
    await Promise.all(all.map((reflector) => reflector.stop()));
  }

  #reflector<Shown extends Identified>(source: ReflectorSource<Shown>): Reflector<Shown> {
    const plural = qualifiedPlural(source.target.resource);
    const ofKind = this.#running.get(plural) ?? new Map<string, Reflector<Identified>>();
    this.#running.set(plural, ofKind);
    const scope = scopeOf(source);
    const found = ofKind.get(scope);
    // One kind is always read by the same decoder, so what runs under its name shows its type.
    if (found !== undefined) return found as unknown as Reflector<Shown>;
    const reflector = new Reflector(this.#rest, source, this.#setting);
    ofKind.set(scope, reflector as unknown as Reflector<Identified>);
    return reflector;
  }

  #end<Shown extends Identified>(source: ReflectorSource<Shown>, reflector: Reflector<Shown>): void {
    const ofKind = this.#running.get(qualifiedPlural(source.target.resource));
    if (ofKind?.get(scopeOf(source)) === reflector as unknown) ofKind?.delete(scopeOf(source));
    void reflector.stop();
  }
}

function scopeOf({ target: { namespace }, selectors }: { readonly target: { readonly namespace?: string | undefined }; readonly selectors: object }): string {
  return JSON.stringify([namespace, selectors]);
}

/** @throws StoreError INVALID for a namespace that a kind does not have, and for a name without the namespace that it is in. */
export function requireScope(kind: string, namespaced: boolean, { namespace, name }: { readonly namespace?: string | undefined; readonly name?: string | undefined }): void {
  if (!namespaced && namespace !== undefined) throw new StoreError('INVALID', `${kind} belongs to the whole cluster and has no namespace, found ${JSON.stringify(namespace)}`);
  if (namespaced && name !== undefined && namespace === undefined) throw new StoreError('INVALID', `${kind} ${name}: a namespace is required`);
}
